// Writes under an idempotency key: one effect and one answer, through any node.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import {
  add,
  counted,
  expectEqualShops,
  KEYS,
  numberOf,
  POLL,
  resetCounter,
  RESTARTS_MS,
  startShop,
  told,
  under,
} from "./keyed-shop.ts";

/** A write to each endpoint, in an order in which each has an effect once and would fail or have another one again. */
const WRITES = [
  ["/createdb", { name: "fresh" }, 201],
  [
    "/createtable",
    { database: "fresh", table: "t", columns: "id INT PRIMARY KEY AUTO_INCREMENT, n INT" },
    201,
  ],
  ["/execute", { sql: "ALTER TABLE fresh.t ADD COLUMN note VARCHAR(20)" }, 200],
  ["/insert", { database: "fresh", table: "t", record: { n: 1, note: "ü🎭" } }, 201],
  ["/execute", { sql: "INSERT INTO fresh.t (n) VALUES (?), (?)", params: [2, 3] }, 200],
  [
    "/batch",
    {
      statements: [
        { sql: "UPDATE fresh.t SET n = n + 10" },
        { sql: "SELECT id, n, note FROM fresh.t ORDER BY id" },
      ],
    },
    200,
  ],
  ["/update", { database: "fresh", table: "t", set: { note: "changed" }, where: { n: 11 } }, 200],
  ["/delete", { database: "fresh", table: "t", where: { n: { $gt: 11 } }, limit: 1 }, 200],
  ["/execute", { sql: "DELETE FROM fresh.t WHERE n = -1" }, 200],
  ["/droptable", { database: "fresh", table: "t" }, 200],
  ["/dropdb", { name: "fresh" }, 200],
] as const;

for (const flavour of testFlavours()) {
  describe(`idempotency keys on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;

    beforeAll(async () => {
      ({ cluster, master, slave } = await startShop(flavour));
    });

    beforeEach(async () => {
      await resetCounter(master);
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    for (const through of ["the master", "a slave"] as const) {
      it(`gives every kind of write one effect and one answer through ${through}`, async () => {
        const node = through === "the master" ? master : slave;
        const other = node === master ? slave : master;
        for (const [path, body, status] of WRITES) {
          const key = `${randomUUID()}~!`;
          const first = await node.post(path, body, under(key));
          expect(first.status, `${path}: ${first.text}`).toBe(status);
          expect(first.headers["idempotency-replayed"]).toBeUndefined();
          for (const again of [node, other]) {
            const answer = await again.post(path, { ...body, ackTimeoutMs: 7000 }, under(key));
            expect(told(answer), path).toEqual(told(first));
            expect(answer.headers["idempotency-replayed"]).toBe("true");
            expect(answer.headers["x-understudy-position"]).toBe(answer.body["position"]);
          }
        }
        expect(
          await numberOf(
            master,
            "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'fresh'",
          ),
        ).toBe(0);
      });
    }

    it("gives 50 tries at once, at both nodes, one effect and one answer", async () => {
      const key = randomUUID();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => (n % 2 ? slave : master).post("/execute", add, under(key))),
      );
      expect(new Set(answers.map((answer) => JSON.stringify(told(answer))))).toEqual(
        new Set([JSON.stringify({ status: 200, answer: { affectedRows: 1, insertId: null, warnings: [] } })]),
      );
      expect(answers.filter(({ headers }) => headers["idempotency-replayed"] === undefined)).toHaveLength(1);
      expect(await counted(master)).toBe(1);
    });

    it("refuses another request under the same key, and what is no key, at any node", async () => {
      const key = randomUUID();
      expect((await master.post("/execute", add, under(key))).status).toBe(200);
      for (const node of [master, slave]) {
        const others = [
          ["/execute", { ...add, params: [] }],
          ["/execute", { sql: `${add.sql} AND n < 100` }],
          ["/batch", { statements: [add] }],
          ["/createdb", { name: "never" }],
        ] as const;
        for (const [path, body] of others) {
          expectProblem(await node.post(path, body, under(key)), "422 idempotency-mismatch");
        }
        for (const bad of ["a b", "é", "x".repeat(256), ""]) {
          const answer = await node.post("/execute", add, under(Buffer.from(bad).toString("latin1")));
          expectProblem(answer, "400 invalid-request");
        }
        const sooner = await node.post("/execute", { ...add, timeoutMs: 1234, ackTimeoutMs: 99 }, under(key));
        expect(sooner.headers["idempotency-replayed"]).toBe("true");
      }
      expect(await counted(master)).toBe(1);
    });

    it("answers a write that can only fail by now because it was done, and keeps no error", async () => {
      const key = randomUUID();
      const insert = { database: "shop", table: "brief", record: { id: 1 } };
      const early = await slave.post("/insert", insert, under(key));
      expectProblem(early, "400 unknown-table");
      await master.post("/createtable", { database: "shop", table: "brief", columns: "id INT PRIMARY KEY" });
      const done = await slave.post("/insert", insert, under(key));
      expect(done.status, done.text).toBe(201);
      expect(told(await master.post("/insert", insert, under(key)))).toEqual(told(done));
      expectProblem(await master.post("/insert", insert, under(randomUUID())), "409 duplicate-key");
      await master.post("/droptable", { database: "shop", table: "brief" });
      expect(told(await slave.post("/insert", insert, under(key)))).toEqual(told(done));
    });

    it("does not write where its answer is too large to be kept", async () => {
      const batch = { statements: [add, { sql: "SELECT REPEAT('x', 1100000) AS text" }] };
      expectProblem(await master.post("/batch", batch, under(randomUUID())), "413 too-large");
      expect(await counted(master)).toBe(0);
      // without a key of the client's nothing is in the way, at either node
      for (const node of [master, slave]) {
        const answer = await node.post("/batch", batch);
        expect(answer.status, answer.text.slice(0, 300)).toBe(200);
      }
      expect(await counted(master)).toBe(2);
    });

    it("believes no row that a client forged", async () => {
      const key = randomUUID();
      const genuine = randomUUID();
      expect((await master.post("/execute", add, under(genuine))).status).toBe(200);
      // past the look at the statement's text, as far as the account's rights reach
      const create = await master.post("/execute", {
        sql: `CREATE PROCEDURE shop.forge() BEGIN
          SET @forged = CONCAT('INSERT INTO under', 'study.idempotency_keys VALUES (''${key}'', REPEAT(''x'', 32), ''done'', 200,
            ''{"affectedRows": 666}'', ''node1'', 1, 99999999999999, REPEAT(''x'', 32))');
          PREPARE forged FROM @forged; EXECUTE forged; DEALLOCATE PREPARE forged; END`,
      });
      expect(create.status, create.text).toBe(200);
      expect((await master.post("/execute", { sql: "CALL shop.forge()" })).status).toBe(200);
      expect(await numberOf(master, `SELECT COUNT(*) FROM ${KEYS} WHERE idempotency_key = '${key}'`)).toBe(1);
      const answer = await master.post("/execute", add, under(key));
      expect(answer.body, answer.text).toMatchObject({ affectedRows: 1 });
      expect(answer.headers["idempotency-replayed"]).toBeUndefined();
      expect((await slave.post("/execute", add, under(key))).headers["idempotency-replayed"]).toBe("true");
      expect(await counted(master)).toBe(2);
      // nor can a client read a row, change one or take one away
      for (const text of [
        `SELECT * FROM ${KEYS}`,
        `DELETE FROM ${KEYS}`,
        `UPDATE ${KEYS} SET answer = NULL`,
        "SELECT * FROM understudy.secrets",
        `INSERT INTO shop.ledger (tag) SELECT idempotency_key FROM ${KEYS}`,
      ]) {
        expect((await master.post("/execute", { sql: text })).status, text).toBeGreaterThanOrEqual(400);
        expect((await master.post("/query", { sql: text })).status, text).toBeGreaterThanOrEqual(400);
      }
      await master.post("/execute", { sql: "DROP PROCEDURE shop.forge" });
    });

    it("lets pages send keys and see what was answered again", async () => {
      const headers = {
        origin: "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,idempotency-key",
      };
      const preflight = await fetch(`${slave.url}/execute`, { method: "OPTIONS", headers });
      expect(preflight.headers.get("access-control-allow-headers")).toContain("idempotency-key");
      const answer = await master.post("/execute", add, { headers: { origin: "http://localhost:3000" } });
      expect(answer.headers["access-control-expose-headers"]).toContain("idempotency-replayed");
    });

    it(
      "purges what no longer counts, on every node",
      async () => {
        const key = randomUUID();
        await master.post("/execute", add, under(key));
        await cluster.waitForSync();
        const there = `SELECT COUNT(*) FROM ${KEYS} WHERE idempotency_key = '${key}'`;
        for (const node of cluster.nodes) expect(await numberOf(node, there)).toBe(1);
        await using connection = await sql(master);
        await connection.query(`UPDATE ${KEYS} SET expires_at = 1000 WHERE idempotency_key = ?`, [key]);
        // more than one piece by rows, and by bytes; and one that claims to stay for ever
        const row = (name: string, [first, last]: readonly [number, number], answer: string, end: string) =>
          `INSERT INTO ${KEYS} WITH RECURSIVE n AS (SELECT ${first} AS i UNION ALL SELECT i + 1 FROM n WHERE i < ${last})
           SELECT CONCAT('${name}', i), REPEAT('x', 32), 'done', 200, ${answer}, 'node1', 1, ${end}, REPEAT('x', 32) FROM n`;
        const depth = flavour === "mysql" ? "cte_max_recursion_depth" : "max_recursive_iterations";
        await connection.query(`SET ${depth} = 5000`);
        await connection.query(row("small", [1, 2500], "'{}'", "1000 + i"));
        await connection.query(row("large", [1, 9], "REPEAT('x', 1000000)", "i"));
        await connection.query(row("ever", [1, 1], "NULL", "99999999999999"));
        await master.stop();
        await master.start();
        const left = `${there} OR mac = REPEAT('x', 32)`;
        for (const node of cluster.nodes) await expect.poll(() => numberOf(node, left), POLL).toBe(0);
        await cluster.waitUntilReplicating();
      },
      RESTARTS_MS,
    );

    it("runs a refused definition again, and says of a failed procedure what it can", async () => {
      const key = randomUUID();
      const createdb = { name: "shop" };
      for (let tries = 0; tries < 2; tries++) {
        expectProblem(await slave.post("/createdb", createdb, under(key)), "409 already-exists");
      }
      await master.post("/execute", {
        sql: "CREATE PROCEDURE shop.halfway() BEGIN UPDATE shop.counter SET n = n + 1; INSERT INTO shop.nowhere VALUES (1); END",
      });
      const call = { sql: "CALL shop.halfway()" };
      const failed = randomUUID();
      expectProblem(await slave.post("/execute", call, under(failed)), "400 unknown-table");
      const detail = expectProblem(
        await slave.post("/execute", call, under(failed)),
        "409 idempotency-unresolved",
      );
      expect(detail).toContain("unknown-table");
      expect(await counted(master), "it did not run again").toBe(1);
      await master.post("/execute", { sql: "DROP PROCEDURE shop.halfway" });
    });

    it(
      "works in a cluster that was made before there were keys, and makes what it lacks once",
      async () => {
        const positionOf = (node: ClusterNode) =>
          rowsOf(
            node,
            `SELECT @@GLOBAL.${flavour === "mysql" ? "gtid_executed" : "gtid_binlog_pos"} AS position`,
          );
        const away = async (change: () => Promise<void>): Promise<void> => {
          await master.stop();
          await change();
          await master.start();
          await expect.poll(async () => (await master.get("/health/master")).status, POLL).toBe(200);
        };
        await away(async () => {
          await using connection = await sql(master);
          await connection.query(`DROP TABLE ${KEYS}, understudy.secrets`);
        });
        const key = randomUUID();
        expect((await slave.post("/execute", add, under(key))).status).toBe(200);
        const before = await positionOf(master);
        await away(async () => undefined);
        expect(await positionOf(master)).toEqual(before);
        expect((await master.post("/execute", add, under(key))).headers["idempotency-replayed"]).toBe("true");
        expect(await counted(master)).toBe(1);
        await cluster.waitUntilReplicating();
      },
      RESTARTS_MS,
    );

    it("leaves both nodes equal", async () => {
      await expectEqualShops(cluster);
    });
  });
}
