import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { seededRandom } from "@understudy/kernel";
import { expectAllEqual, startCluster } from "../src/index.ts";

const ALL = [
  "client>node1",
  "client>node2",
  "node1>database1",
  "node1>node2",
  "node2>database2",
  "node2>node1",
] as const;

for (const flavour of testFlavours()) {
  describe(`proxies between all parties on ${flavour}`, () => {
    it("carry everything that is said, and what they break is caught up with", async () => {
      await using cluster = await startCluster({ flavour, slaves: 1, proxies: { random: seededRandom(1) } });
      const [slave] = cluster.slaves;
      if (!slave) throw new Error("no slave");
      expect([...cluster.proxies.keys()].toSorted()).toEqual(ALL);
      await cluster.master.post("/createdb", { name: "d" });
      await slave.post("/execute", { sql: "CREATE TABLE d.t (id INT PRIMARY KEY)" });
      for (const name of ALL) {
        const { accepted, bytesToTarget, bytesToClient } = cluster.proxy(name).counts;
        expect(accepted, name).toBeGreaterThan(0);
        expect(bytesToTarget, name).toBeGreaterThan(0);
        expect(bytesToClient, name).toBeGreaterThan(0);
      }

      for (const name of ALL) {
        const proxy = cluster.proxy(name);
        proxy.refuse();
        proxy.cutAll();
        const { accepted } = proxy.counts;
        // on another way than the broken one where there is one
        const via = name === "client>node1" || name === "node1>database1" ? slave : cluster.master;
        const write = via.post("/execute", { sql: `INSERT INTO d.t VALUES (${ALL.indexOf(name)})` });
        if (name !== "node1>database1") expect((await write).status, name).toBe(200);
        else await expect(write).resolves.toMatchObject({ body: { code: "database-unavailable" } });
        expect(proxy.counts.accepted, name).toBe(accepted);
        await proxy.accept();
        await cluster.waitUntilReplicating();
        await expectAllEqual(cluster);
      }
    });
  });
}
