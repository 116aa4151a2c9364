// What somebody tries first: everything through HTTP, writes at any node, reads at any other.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { expectAllEqual, rowsOf, sql, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";

for (const flavour of testFlavours()) {
  describe(`a master and two slaves on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let first: ClusterNode;
    let second: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2 });
      const [slave, other] = cluster.slaves;
      if (!slave || !other) throw new Error("two slaves were asked for");
      master = cluster.master;
      first = slave;
      second = other;
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    it("walks through a database's life: create, insert at a slave, read at the other, drop", async () => {
      expect(await master.post("/createdb", { name: "mydb" })).toMatchObject({
        status: 201,
        body: { database: "mydb" },
      });
      expect(
        await master.post("/createtable", {
          database: "mydb",
          table: "users",
          columns: "id INT, name VARCHAR(255)",
        }),
      ).toMatchObject({ status: 201, body: { database: "mydb", table: "users" } });

      const inserted = await first.post("/insert", {
        database: "mydb",
        table: "users",
        record: { id: 1, name: "Grüße, 世界 🎭" },
      });
      expect(inserted).toMatchObject({
        status: 201,
        body: { affectedRows: 1 },
        headers: { "x-understudy-node": master.nodeId },
      });

      await cluster.waitForSync();
      const selected = await second.get("/select?database=mydb&table=users");
      expect(selected).toMatchObject({
        status: 200,
        body: { rowCount: 1, rows: [{ id: 1, name: "Grüße, 世界 🎭" }], node: second.nodeId, role: "slave" },
      });

      expect((await second.get("/databases")).body["databases"]).toContain("mydb");
      expect((await first.get("/databases/mydb/tables")).body["tables"]).toMatchObject([
        { name: "users", kind: "table", hasPrimaryKey: false },
      ]);
      await expectAllEqual(cluster);

      expect((await first.post("/droptable", { database: "mydb", table: "users" })).status).toBe(200);
      expect((await second.post("/dropdb", { name: "mydb" })).status).toBe(200);
      await cluster.waitForSync();
      for (const node of cluster.nodes) expect(await rowsOf(node, "SHOW DATABASES LIKE 'mydb'")).toEqual([]);
    });

    it("brings what is written past the API on the master's database server to every slave", async () => {
      {
        await using connection = await sql(master);
        await connection.query("CREATE DATABASE direct");
        await connection.query("CREATE TABLE direct.t (id INT PRIMARY KEY, at DATETIME(6), r DOUBLE)");
        await connection.query("INSERT INTO direct.t VALUES (1, NOW(6), RAND()), (2, NOW(6), RAND())");
      }
      await expectAllEqual(cluster);
      expect(await rowsOf(second, "SELECT COUNT(*) AS n FROM direct.t")).toEqual([{ n: 2 }]);
    });

    it("shows every member up on every node", async () => {
      for (const node of cluster.nodes) {
        const { status, body } = await node.get("/cluster");
        expect(status).toBe(200);
        expect(body).toMatchObject({ self: node.nodeId, leader: { nodeId: master.nodeId } });
      }
      const members = (await master.get("/cluster")).body["members"];
      expect(members).toHaveLength(3);
    });
  });
}
