// A master dies with a write that no slave has; a slave leads on. Who asks after the lost write is told so.
import { expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Answer, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";

for (const flavour of testFlavours()) {
  it(`${flavour}: after a position that did not survive its master comes 409, after an older one the read`, async () => {
    await using cluster = await startCluster({ flavour, slaves: 2, logLevel: "info" });
    const [heir, other] = cluster.slaves;
    if (!heir || !other) throw new Error("two slaves were asked for");
    const write = async (node: ClusterNode, id: number): Promise<string> => {
      const answer = await node.post("/insert", { database: "shop", table: "t", record: { id } });
      expect(answer.status, answer.text).toBe(201);
      return String(answer.body["position"]);
    };
    const read = async (node: ClusterNode, id: number, after: string, waitMs = 5_000): Promise<Answer> =>
      node.post("/select", { database: "shop", table: "t", where: { id }, after, waitMs });

    await cluster.master.post("/createdb", { name: "shop" });
    await cluster.master.post("/createtable", {
      database: "shop",
      table: "t",
      columns: "id INT PRIMARY KEY",
    });
    const kept = await write(cluster.master, 1);
    await cluster.waitForSync();
    for (const { nodeId } of cluster.slaves) {
      expect((await cluster.master.post(`/cluster/nodes/${nodeId}/pause`, {})).status).toBe(200);
    }
    const lost = await write(cluster.master, 2);
    const waiting = read(other, 2, lost, 200);
    await cluster.master.killHard();
    expectProblem(await waiting, "503 too-stale");
    const forced = await heir.post("/cluster/failover", { acceptLoss: true });
    expect(forced.status, forced.text).toBe(200);

    expect(expectProblem(await read(heir, 2, lost), "409 history-lost")).toContain("epoch 1");
    expect((await read(heir, 1, kept)).body["rowCount"]).toBe(1);
    // the new master goes on with the numbers that the old one had used for what is lost
    const next = [await write(heir, 3), await write(heir, 4), await write(heir, 5)];
    const refused = await read(heir, 2, lost);
    expectProblem(refused, "409 history-lost");
    expect(refused.body).toMatchObject({ wanted: lost, position: expect.stringMatching(/^2:/) });
    for (const after of [kept, ...next]) expect((await read(heir, 1, after)).body["rowCount"]).toBe(1);
    // a position of an epoch that nobody here has heard of
    const later = String(next[2]).replace(/^2:/, "3:");
    if (flavour === "mariadb") expectProblem(await read(heir, 1, later, 100), "503 too-stale");
    // the other slave, which the new master delivers to, knows as much
    for (const [index, after] of next.entries()) {
      const answer = await read(other, 3 + index, after, 20_000);
      expect(answer.body["rowCount"], answer.text).toBe(1);
    }
    expect((await read(other, 1, kept)).body["rowCount"]).toBe(1);
    expectProblem(await read(other, 2, lost), "409 history-lost");
  });
}
