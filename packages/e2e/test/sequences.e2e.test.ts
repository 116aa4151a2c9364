// Sequences (MariaDB) through a whole cluster: rows and the sequences' own state are equal on all nodes, also behind a new master.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { expectAllEqual, rowsOf, sql, startCluster, type Cluster } from "../src/index.ts";

const SEQUENCES = ["numbers", "tickets"];

describe.runIf(testFlavours().includes("mariadb"))("sequences on mariadb", () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ flavour: "mariadb", slaves: 2 });
  });

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it("reach all nodes with each transaction that uses them and each that follows", async () => {
    await using connection = await sql(cluster.master);
    await connection.query("CREATE DATABASE shop");
    await connection.query("USE shop");
    await connection.query("CREATE SEQUENCE numbers CACHE 5");
    await connection.query("CREATE SEQUENCE tickets NOCACHE");
    await connection.query(
      "CREATE TABLE item (id BIGINT DEFAULT NEXTVAL(numbers) PRIMARY KEY, ticket BIGINT DEFAULT NEXTVAL(tickets), v INT)",
    );
    await connection.query("CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, v BIGINT)");
    for (let round = 0; round < 40; round++) {
      const { status } = await cluster.master.post("/execute", {
        sql: `INSERT INTO shop.item (v) VALUES (${round})`,
      });
      expect(status).toBe(200);
      await connection.query("INSERT INTO note (v) VALUES (1)");
      await connection.query("INSERT INTO note (v) VALUES (NEXTVAL(tickets))");
      await connection.query("START TRANSACTION");
      await connection.query("UPDATE note SET v = NEXTVAL(numbers) WHERE id = 1");
      await connection.query("INSERT INTO note (v) VALUES (2)");
      await connection.query(round % 2 === 0 ? "COMMIT" : "ROLLBACK");
    }
    await connection.query("SELECT SETVAL(tickets, 1000)");
    await connection.query("ALTER SEQUENCE numbers INCREMENT BY 3");
    await connection.query("INSERT INTO item (v) SELECT v FROM note");

    await expectAllEqual(cluster);
    const [count] = await rowsOf(cluster.master, "SELECT COUNT(*) AS n FROM shop.note");
    expect(Number(count?.["n"])).toBe(100);
    for (const name of SEQUENCES) {
      const wanted = await rowsOf(cluster.master, `SELECT * FROM shop.${name}`);
      for (const slave of cluster.slaves) {
        expect(await rowsOf(slave, `SELECT * FROM shop.${name}`), slave.nodeId).toEqual(wanted);
      }
    }
    await cluster.waitUntilReplicating();
  });
});
