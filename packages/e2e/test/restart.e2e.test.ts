// Nodes and database servers that stop, die or hold still while writes go on: afterwards every row is everywhere, once.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { expectAllEqual, rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";

for (const flavour of testFlavours()) {
  describe(`a cluster on ${flavour} whose parts come and go`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;
    let written = 0;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2 });
      master = cluster.master;
      slave = cluster.firstSlave;
      await master.post("/createdb", { name: "d" });
      await master.post("/createtable", { database: "d", table: "t", columns: "id INT PRIMARY KEY" });
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    async function write(count: number): Promise<void> {
      for (let row = 0; row < count; row++) {
        const record = { id: ++written };
        expect(await master.post("/insert", { database: "d", table: "t", record })).toMatchObject({
          status: 201,
        });
      }
    }

    async function expectAllRowsEverywhere(): Promise<void> {
      await expectAllEqual(cluster);
      for (const node of cluster.nodes) {
        expect(await rowsOf(node, "SELECT COUNT(*) AS n FROM d.t")).toEqual([{ n: written }]);
      }
      await cluster.waitUntilReplicating();
    }

    it("brings a slave that was stopped in order up to date", async () => {
      await slave.stop();
      await write(20);
      await slave.start();
      await expectAllRowsEverywhere();
    });

    it("brings a slave that was killed amid writes up to date", async () => {
      const writing = write(40);
      await slave.killHard();
      await writing;
      await slave.start();
      await expectAllRowsEverywhere();
    });

    it("takes writes while a slave holds still, and brings it up to date", async () => {
      await slave.freeze();
      await write(20);
      slave.thaw();
      await expectAllRowsEverywhere();
    });

    it("goes on after a slave's database server was killed amid writes", async () => {
      const writing = write(40);
      await slave.database.killHard();
      await writing;
      await slave.database.start();
      await expectAllRowsEverywhere();
    });

    it("keeps what was confirmed when the master was killed, and goes on with it", async () => {
      await write(20);
      await master.killHard();
      await master.start();
      // a start resolves when the process lives; it takes its role a moment later
      await cluster.waitUntilReplicating();
      await write(20);
      await expectAllRowsEverywhere();
    });

    it("goes on after the master's database server was killed", async () => {
      await write(5);
      await master.database.killHard();
      const refused = await master.post("/insert", { database: "d", table: "t", record: { id: 1_000_000 } });
      expect(refused.status).toBeGreaterThanOrEqual(500);
      await master.database.start();
      await cluster.waitUntilReplicating();
      await write(5);
      await expectAllRowsEverywhere();
    });

    it("ends every node in order", async () => {
      for (const node of cluster.nodes) await node.stop();
      expect(cluster.nodes.map(({ pid }) => pid)).toEqual([null, null, null]);
    });
  });
}
