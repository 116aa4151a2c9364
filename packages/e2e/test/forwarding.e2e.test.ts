// A slave in front of the master: it passes writes on once, tells what it can't, and takes none itself.
import { createConnection } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { rawRequest, sendText } from "./raw-request.ts";
import { errorsInLog } from "./unharmed.ts";

const t = { database: "shop", table: "t" } as const;

/** A write to each endpoint that would be carried out. */
const WRITES = [
  ["/createdb", { name: "fresh" }],
  ["/dropdb", { name: "shop" }],
  ["/createtable", { database: "shop", table: "fresh", columns: "id INT" }],
  ["/droptable", t],
  ["/insert", { ...t, record: { id: 99 } }],
  ["/update", { ...t, set: { a: "changed" }, all: true }],
  ["/delete", { ...t, all: true }],
  ["/execute", { sql: "DELETE FROM shop.t" }],
  ["/batch", { statements: [{ sql: "DELETE FROM shop.t" }] }],
] as const;

/** Refused by the master's database, not by the schema. */
const FAILING = [
  ["/createdb", { name: "shop" }, "409 already-exists"],
  ["/dropdb", { name: "nowhere" }, "400 unknown-database"],
  ["/createtable", { ...t, columns: "id INT" }, "409 already-exists"],
  ["/droptable", { database: "shop", table: "nothing" }, "400 unknown-table"],
  ["/insert", { ...t, record: { id: 1 } }, "409 duplicate-key"],
  ["/insert", { ...t, record: { a: "x".repeat(50) } }, "422 invalid-value"],
  ["/update", { ...t, set: { a: "x" } }, "400 missing-where"],
  ["/delete", { ...t, where: { colour: "red" } }, "400 unknown-column"],
  ["/execute", { sql: "RESET MASTER" }, "400 not-allowed"],
  ["/batch", { statements: [{ sql: "DELETE FROM shop.t" }, { sql: "nonsense" }] }, "400 sql-syntax"],
] as const;

for (const flavour of testFlavours()) {
  describe(`a slave in front of the master on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1 });
      master = cluster.master;
      slave = cluster.firstSlave;
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shop");
      await connection.query("CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(20))");
      await connection.query("INSERT INTO shop.t VALUES (1, 'one'), (2, 'two')");
      await cluster.waitForSync();
    });

    afterEach(async () => {
      await cluster.waitForSync();
      const count = "SELECT COUNT(*) AS n, MAX(a) AS a FROM shop.t WHERE id < 100";
      for (const node of cluster.nodes) expect(await rowsOf(node, count)).toEqual([{ n: 2, a: "two" }]);
    });

    afterAll(async () => {
      try {
        for (const node of cluster.nodes) expect(await errorsInLog(node)).toEqual([]);
      } finally {
        await cluster[Symbol.asyncDispose]();
      }
    });

    it("passes every kind of write on and the master's answer back", async () => {
      const headers = { "x-request-id": "my-own-id" };
      for (const [path, body, status] of [
        ["/createdb", { name: "other" }, 201],
        ["/createtable", { database: "other", table: "u", columns: "id INT PRIMARY KEY, b BLOB" }, 201],
        [
          "/insert",
          { database: "other", table: "u", record: { id: 1, b: { $type: "blob", value: "/w==" } } },
          201,
        ],
        ["/update", { database: "other", table: "u", set: { id: 2 }, where: { id: 1 } }, 200],
        ["/execute", { sql: "INSERT INTO other.u VALUES (?, '🎭')", params: [7] }, 200],
        ["/batch", { statements: [{ sql: "SELECT id FROM other.u" }, { sql: "DELETE FROM other.u" }] }, 200],
        ["/droptable", { database: "other", table: "u" }, 200],
        ["/dropdb", { name: "other" }, 200],
      ] as const) {
        const answer = await slave.post(path, body, { headers });
        expect(answer.status, answer.text).toBe(status);
        expect(answer.headers).toMatchObject({
          "x-understudy-node": master.nodeId,
          "x-understudy-role": "master",
          "x-understudy-forwarded-by": slave.nodeId,
          "x-understudy-position": answer.body["position"],
          "x-request-id": "my-own-id",
        });
      }
    });

    it.each(FAILING)(
      "passes the master's refusal of POST %s %j on unchanged: %s",
      async (path, body, refusal) => {
        const direct = await master.post(path, body);
        const forwarded = await slave.post(path, body);
        expectProblem(forwarded, refusal);
        expect(withoutId(forwarded)).toEqual(withoutId(direct));
        expect(forwarded.headers["x-understudy-forwarded-by"]).toBe(slave.nodeId);
        expect(forwarded.headers["x-understudy-node"]).toBe(master.nodeId);
        expect(direct.headers["x-understudy-forwarded-by"]).toBeUndefined();
      },
    );

    it("refuses by itself what does not fit the schema, without a way to the master", async () => {
      for (const answer of [
        await slave.post("/insert", { ...t, record: { id: 9 }, surplus: 1 }),
        await sendText(slave, "/insert", "{"),
        await sendText(
          slave,
          "/insert",
          '{"database":"shop","table":"t","record":{"id":12345678901234567890}}',
        ),
      ]) {
        expectProblem(answer, "400 invalid-request");
        expect(answer.headers).toMatchObject({
          "x-understudy-node": slave.nodeId,
          "x-understudy-role": "slave",
        });
        expect(answer.headers["x-understudy-forwarded-by"]).toBeUndefined();
      }
    });

    it.each(WRITES)(
      "forwards once only: POST %s that was forwarded already is a loop",
      async (path, body) => {
        const headers = { "x-understudy-forwarded-by": "node9" };
        const answer = await slave.post(path, body, { headers });
        expectProblem(answer, "508 forward-loop");
        expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
        expect(answer.body["leader"]).toBe(master.url);
      },
    );

    it("takes a forwarded write on the master", async () => {
      const headers = { "x-understudy-forwarded-by": "node9" };
      const answer = await master.post("/insert", { ...t, record: { id: 150 } }, { headers });
      expect(answer.status, answer.text).toBe(201);
    });

    it("answers reads itself, and lets no write through /query there either", async () => {
      const answer = await slave.post("/query", { sql: "SELECT a FROM shop.t WHERE id = 1" });
      expect(answer.body).toMatchObject({ rows: [{ a: "one" }], node: slave.nodeId, role: "slave" });
      for (const text of [
        "DELETE FROM shop.t",
        "SELECT * FROM shop.t FOR UPDATE",
        "/*! DELETE */ FROM shop.t",
      ]) {
        expectProblem(await slave.post("/query", { sql: text }), "400 not-a-query");
      }
      expectProblem(await slave.post("/query", { sql: "SELECT 1; DELETE FROM shop.t" }), "400 not-allowed");
    });

    it("refuses what only the master can do and names the master", async () => {
      for (const path of ["/cluster/nodes/node2/pause", "/cluster/nodes/node1/resume"]) {
        const answer = await rawRequest(slave, { method: "POST", path });
        expectProblem(answer, "503 no-leader");
        expect(answer.body["leader"]).toBe(master.url);
      }
      const removal = await rawRequest(slave, { method: "DELETE", path: "/cluster/nodes/node2" });
      expectProblem(removal, "503 no-leader");
      expectProblem(await slave.get("/health/master"), "503 no-leader");
      expect((await slave.get("/health/slave")).status).toBe(200);
      expect((await slave.get("/health/ready?maxLagMs=60000")).status).toBe(200);
    });

    it("has a database that takes no writes of an ordinary account", async () => {
      {
        await using connection = await sql(master);
        await connection.query("CREATE USER plain@'%' IDENTIFIED BY 'plain-Passw0rd'");
        await connection.query("GRANT ALL ON shop.* TO plain@'%'");
      }
      await cluster.waitForSync();
      const url = new URL(slave.database.url);
      const socketPath = url.searchParams.get("socketPath");
      const connection = await createConnection({
        user: "plain",
        password: "plain-Passw0rd",
        ...(socketPath === null ? { host: url.hostname, port: Number(url.port) } : { socketPath }),
      });
      try {
        const [rows] = await connection.query("SELECT a FROM shop.t WHERE id = 1");
        expect(rows).toEqual([{ a: "one" }]);
        for (const text of [
          "INSERT INTO shop.t VALUES (99, 'x')",
          "DELETE FROM shop.t",
          "CREATE TABLE shop.u (id INT)",
          "DROP TABLE shop.t",
        ]) {
          // ER_OPTION_PREVENTS_STATEMENT: --read-only
          await expect(connection.query(text), text).rejects.toMatchObject({ errno: 1290 });
        }
        await expect(connection.query("SET GLOBAL read_only = 0")).rejects.toMatchObject({ errno: 1227 });
      } finally {
        connection.destroy();
      }
    });

    it("says no-leader while the master is stopped, still reads, and goes on by itself when it is back", async () => {
      await master.stop();
      for (const [path, body] of WRITES) {
        const answer = await slave.post(path, body);
        expectProblem(answer, "503 no-leader");
        expect(answer.headers["x-understudy-node"]).toBe(slave.nodeId);
      }
      expectProblem(await slave.post("/insert", { ...t, rows: [] }), "400 invalid-request");
      expect((await slave.post("/select", t)).body).toMatchObject({ rowCount: 3, role: "slave" });
      expect((await slave.get("/health/live")).status).toBe(200);
      await master.start();
      await expect
        .poll(async () => (await slave.post("/insert", { ...t, record: { a: "after" } })).status, {
          timeout: 20_000,
        })
        .toBe(201);
      await cluster.waitForSync();
      expect(await rowsOf(slave, "SELECT COUNT(*) AS n FROM shop.t WHERE a = 'after'")).toEqual([{ n: 1 }]);
    });

    it("says write-uncertain where the master dies under a write, and the write is rolled back or there", async () => {
      const pending = slave.post("/execute", { sql: "INSERT INTO shop.t (id, a) SELECT 160, SLEEP(3)" });
      await expect
        .poll(async () =>
          (await rowsOf(master, "SHOW PROCESSLIST")).some(({ Info }) => String(Info).includes("SLEEP(3)")),
        )
        .toBe(true);
      await master.killHard();
      const answer = await pending;
      expectProblem(answer, "502 write-uncertain");
      expect(answer.body["retryable"], "a write may not be sent again in the dark").toBe(false);
      await master.start();
      await cluster.waitUntilReplicating();
      // the database server ends the statement of a connection that is gone, or has carried it out
      await expect
        .poll(
          async () =>
            (await rowsOf(master, "SHOW PROCESSLIST")).some(({ Info }) => String(Info).includes("SLEEP(3)")),
          {
            timeout: 10_000,
          },
        )
        .toBe(false);
      const counts = await Promise.all(
        cluster.nodes.map(async (node) => {
          await cluster.waitForSync();
          return rowsOf(node, "SELECT COUNT(*) AS n FROM shop.t WHERE id = 160");
        }),
      );
      expect(counts[0]).toEqual(counts[1]);
    });
  });
}

function withoutId({ status, body }: Answer): object {
  return { status, body: { ...body, requestId: "" } };
}
