import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { isCodedError } from "@understudy/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  buildInsert,
  buildSelect,
  buildUpdate,
  type BuiltStatement,
  type SqlExecutor,
} from "../src/index.ts";
import { codeOf, openExecutor } from "./open-executor.ts";

for (const flavour of testFlavours()) {
  describe(`executor on ${flavour}`, () => {
    let server: DatabaseServer;
    let executor: SqlExecutor;
    const run = async (sql: string) => await executor.execute({ sql, database: "d" });
    const count = async (): Promise<number> => {
      const { rows } = await executor.query({ sql: "SELECT COUNT(*) FROM t", database: "d", rows: "arrays" });
      const [row] = rows;
      return Number(Array.isArray(row) ? row[0] : NaN);
    };
    /** What the server itself says it has executed last. */
    const lastGtid = async (): Promise<string> =>
      await executor.withAdmin(async (session) => {
        const sql =
          flavour === "mysql" ? "SELECT @@GLOBAL.gtid_executed AS g" : "SELECT @@gtid_binlog_pos AS g";
        return String((await session.rows(sql))[0]?.["g"]);
      });

    beforeAll(async () => {
      server = await openTestServer(flavour);
      executor = await openExecutor(server);
      await executor.execute({ sql: "CREATE DATABASE d" });
      await run("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT UNIQUE)");
    });

    afterAll(async () => {
      await executor?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    test("knows what server it talks to", () => {
      expect(executor.server.flavour).toBe(flavour);
      expect(server.version).toContain(executor.server.version.split("-")[0]);
      expect(executor.server.serverId).toBe(1);
      expect(executor.server.serverUuid === null).toBe(flavour === "mariadb");
    });

    test("a table gets its database's collation of today, whichever session makes it", async () => {
      const numbers = Array.from({ length: 12 }, (_, number) => number);
      const on = async (sql: string) => await executor.execute({ sql, database: "moved" });
      await executor.execute({
        sql: "CREATE DATABASE moved CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
      });
      await on("CREATE TABLE busy (v INT)");
      // at once, so that many sessions have chosen the database before it changes
      await Promise.all(numbers.map((number) => on(`INSERT INTO busy VALUES (${number})`)));
      await on("ALTER DATABASE moved COLLATE utf8mb4_unicode_ci");
      await Promise.all(numbers.map((number) => on(`CREATE TABLE t${number} (v VARCHAR(10))`)));
      const { rows } = await executor.query({
        sql: `SELECT DISTINCT table_collation AS c FROM information_schema.tables
              WHERE table_schema = 'moved' AND table_name <> 'busy'`,
      });
      expect(rows).toEqual([{ c: "utf8mb4_unicode_ci" }]);
      await executor.execute({ sql: "DROP DATABASE moved" });
    });

    test("a change brings its GTID back, and none where nothing was written", async () => {
      const { gtid, insertId, affectedRows } = await run("INSERT INTO t (v) VALUES (1)");
      expect(gtid).not.toBeNull();
      const number = gtid?.split(/[:-]/).at(-1) ?? "";
      expect((await lastGtid()).endsWith(number)).toBe(true);
      expect({ insertId, affectedRows }).toEqual({ insertId: "1", affectedRows: 1 });
      expect((await run("UPDATE t SET v = 1 WHERE id = 1")).gtid).toBeNull();
      expect((await run("ALTER TABLE t COMMENT 'x'")).gtid).not.toBeNull();
      if (flavour === "mariadb") {
        const returning = await run("INSERT INTO t (v) VALUES (70), (71) RETURNING id");
        expect(returning).toMatchObject({ affectedRows: 2, gtid: await lastGtid() });
        await run("DELETE FROM t WHERE v >= 70");
      }
    });

    test("warnings come with the change that caused them", async () => {
      const { warnings } = await run("INSERT IGNORE INTO t (id, v) VALUES (1, 1)");
      expect(warnings).toEqual([
        { level: "Warning", errno: 1062, message: expect.stringContaining("Duplicate") },
      ]);
    });

    test.each([
      ["SELEC 1", "sql-syntax"],
      ["INSERT INTO t (id) VALUES (1, 2)", "sql-syntax"],
      ["INSERT INTO nowhere.t VALUES (1)", "unknown-database"],
      ["DROP DATABASE nowhere", "unknown-database"],
      ["INSERT INTO nothing VALUES (1)", "unknown-table"],
      ["DROP TABLE nothing", "unknown-table"],
      ["UPDATE t SET nothing = 1", "unknown-column"],
      ["CREATE DATABASE d", "already-exists"],
      ["CREATE TABLE t (id INT)", "already-exists"],
      ["INSERT INTO t (id, v) VALUES (1, 99)", "duplicate-key"],
      ["INSERT INTO t (id, v) VALUES (99999999999, 1)", "invalid-value"],
    ])("%s is %s", async (sql, code) => {
      await codeOf(run("INSERT INTO t (id, v) VALUES (1, 1)"));
      expect([code, ...(sql.includes("nowhere.t") ? ["unknown-table"] : [])]).toContain(
        await codeOf(run(sql)),
      );
    });

    test("constraints are told apart from values", async () => {
      await run("CREATE TABLE parent (id INT PRIMARY KEY)");
      await run(
        "CREATE TABLE child (id INT PRIMARY KEY, p INT NOT NULL, c INT CHECK (c > 0), FOREIGN KEY (p) REFERENCES parent (id))",
      );
      expect(await codeOf(run("INSERT INTO child VALUES (1, 1, 1)"))).toBe("constraint");
      await run("INSERT INTO parent VALUES (1)");
      expect(await codeOf(run("INSERT INTO child VALUES (1, 1, 0)"))).toBe("constraint");
      expect(await codeOf(run("INSERT INTO child VALUES (1, NULL, 1)"))).toBe("constraint");
      await run("INSERT INTO child VALUES (1, 1, 1)");
      expect(await codeOf(run("DELETE FROM parent"))).toBe("constraint");
    });

    test("a batch commits as one transaction with one GTID", async () => {
      const before = await count();
      const { results, gtid } = await executor.batch({
        database: "d",
        isolation: "repeatable-read",
        statements: [
          { sql: "INSERT INTO t (v) VALUES (?)", params: [10] },
          { sql: "SELECT COUNT(*) AS n FROM t FOR UPDATE" },
          { sql: "UPDATE t SET v = :new WHERE v = :old", params: { old: 10, new: 11 } },
        ],
      });
      expect(results[0]).toMatchObject({ affectedRows: 1 });
      expect(results[1]).toMatchObject({ rowCount: 1, rows: [{ n: String(before + 1) }] });
      expect(results[2]).toMatchObject({ affectedRows: 1 });
      expect((await lastGtid()).endsWith(gtid?.split(/[:-]/).at(-1) ?? "none")).toBe(true);
    });

    test("a batch is rolled back as a whole and names the statement that failed", async () => {
      const before = await count();
      const failed = executor.batch({
        database: "d",
        statements: [{ sql: "INSERT INTO t (v) VALUES (20)" }, { sql: "INSERT INTO t (v) VALUES (20)" }],
      });
      await expect(failed).rejects.toMatchObject({
        code: "duplicate-key",
        details: { statementIndex: 1, errno: 1062 },
      });
      const refused = executor.batch({
        database: "d",
        statements: [{ sql: "INSERT INTO t (v) VALUES (20)" }, { sql: "DROP TABLE t" }],
      });
      await expect(refused).rejects.toMatchObject({ code: "not-allowed", details: { statementIndex: 1 } });
      expect(await count()).toBe(before);
    });

    test("a timeout ends the statement on the server and rolls it back", async () => {
      const before = await count();
      const slow = [
        executor.query({ sql: "SELECT SLEEP(30)", timeoutMs: 200 }),
        executor.query({
          sql: "SELECT COUNT(*) FROM t a, t b, t c WHERE SLEEP(30) = 0",
          database: "d",
          timeoutMs: 200,
        }),
        executor.execute({ sql: "INSERT INTO t (v) SELECT 500 + SLEEP(30)", database: "d", timeoutMs: 200 }),
        executor.batch({
          statements: [
            { sql: "INSERT INTO t (v) VALUES (501)" },
            { sql: "UPDATE t SET v = 502 + SLEEP(30) WHERE v = 501" },
          ],
          database: "d",
          timeoutMs: 300,
        }),
        executor.withAdmin(
          async (session) => await session.rows("SELECT COUNT(*) FROM d.t WHERE SLEEP(30) = 0"),
          { timeoutMs: 200 },
        ),
      ];
      const codes = await Promise.all(slow.map(codeOf));
      expect(new Set(codes)).toEqual(new Set(["timeout"]));
      const running = await executor.withAdmin(async (session) => await session.rows("SHOW PROCESSLIST"));
      expect(running.filter(({ Info }) => String(Info).includes("SLEEP(30)"))).toEqual([]);
      expect(await count()).toBe(before);
    });

    test("answers have bounds", async () => {
      await run("CREATE TABLE many (id INT PRIMARY KEY, t VARCHAR(200))");
      await run(
        "INSERT INTO many SELECT a.n * 100 + b.n, REPEAT('x', 200) FROM (WITH RECURSIVE s AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 99) SELECT n FROM s) a, (WITH RECURSIVE s AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 99) SELECT n FROM s) b",
      );
      const all = { sql: "SELECT * FROM many", database: "d" };
      expect((await executor.query(all)).rowCount).toBe(10_000);
      expect(await codeOf(executor.query({ ...all, maxRows: 9_999 }))).toBe("too-many-rows");
      expect(await codeOf(executor.query({ ...all, maxRows: 10 }))).toBe("too-many-rows");
      await using small = await openExecutor(server, { limits: { resultBytesMax: 100_000 } });
      expect(await codeOf(small.query(all))).toBe("too-many-rows");
      expect((await small.query({ ...all, sql: "SELECT id FROM many LIMIT 5" })).rowCount).toBe(5);
    });

    test("more calls than connections wait, and more than may wait are turned away at once", async () => {
      await using narrow = await openExecutor(server, {
        poolSizes: { reader: 1 },
        limits: { queueMax: 1, acquireTimeoutMs: 100 },
      });
      const slow = { sql: "SELECT SLEEP(0.5)" };
      const codes = await Promise.all(
        [narrow.query(slow), narrow.query(slow), narrow.query(slow)].map(codeOf),
      );
      expect(codes.toSorted()).toEqual(["ok", "overloaded", "overloaded"]);
      expect(await codeOf(narrow.query({ sql: "SELECT 1" }))).toBe("ok");
    });

    test("a snapshot that the node leaves open ends with its lend", async () => {
      await using narrow = await openExecutor(server, { poolSizes: { admin: 1 } });
      const seen = async (isLeft: boolean): Promise<unknown> =>
        await narrow.withAdmin(async (session) => {
          if (isLeft) await session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
          return (await session.rows("SELECT COUNT(*) AS n FROM d.t"))[0]?.["n"];
        });
      const before = Number(await seen(true));
      await run("INSERT INTO t (v) VALUES (550)");
      expect(Number(await seen(false))).toBe(before + 1);
      // one that was closed is over, without a reset
      await narrow.withAdmin(async (session) => {
        await session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        await session.run("COMMIT");
      });
      await run("DELETE FROM t WHERE v = 550");
      expect(Number(await seen(false))).toBe(before);
    });

    test("fencing ends what the application account has under way and rolls it back", async () => {
      const before = await count();
      const fenced = codeOf(
        executor.batch({
          database: "d",
          statements: [{ sql: "INSERT INTO t (v) VALUES (600)" }, { sql: "SELECT SLEEP(20)" }],
        }),
      );
      await expect
        .poll(async () => {
          const rows = await executor.withAdmin(async (session) => await session.rows("SHOW PROCESSLIST"));
          return rows.some(({ Info }) => String(Info).includes("SLEEP(20)"));
        })
        .toBe(true);
      await executor.endApplicationSessions();
      expect(["database-unavailable", "timeout"]).toContain(await fenced);
      expect(await count()).toBe(before);
      expect(await codeOf(run("INSERT INTO t (v) VALUES (601)"))).toBe("ok");
    });

    test("what the row endpoints build does what it says", async () => {
      const name = "odd `name` ';-- ";
      await run("CREATE TABLE `odd ``name`` ';--` (`id` INT PRIMARY KEY, `co``l` TEXT)");
      const table = { database: "d", table: name.trimEnd() };
      const send = async (built: BuiltStatement) => await executor.execute(built);
      await send(
        buildInsert({ ...table, records: [{ id: 1, "co`l": "x' OR 1=1" }, { id: 2 }], onDuplicate: "error" }),
      );
      const again = { ...table, record: { id: 1, "co`l": "new" } };
      expect(await codeOf(send(buildInsert({ ...again, onDuplicate: "error" })))).toBe("duplicate-key");
      expect((await send(buildInsert({ ...again, onDuplicate: "ignore" }))).affectedRows).toBe(0);
      const found = buildSelect({ ...table, where: { "co`l": { $like: "x' OR%" } }, limit: 10, offset: 0 });
      expect((await executor.query(found)).rows).toEqual([{ id: 1, "co`l": "x' OR 1=1" }]);
      await send(buildInsert({ ...again, onDuplicate: "update" }));
      const update = buildUpdate({
        ...table,
        set: { "co`l": null },
        where: { sql: "id = :id OR `co``l` = ':id'", params: { id: 1 } },
        all: false,
      });
      expect((await send(update)).affectedRows).toBe(1);
    });

    test("describes databases and tables", async () => {
      await run(
        "CREATE TABLE described (a INT, b VARCHAR(9) NOT NULL DEFAULT 'x', PRIMARY KEY (a, b), UNIQUE KEY u (b))",
      );
      await run("CREATE TABLE keyless (a INT)");
      await run("CREATE VIEW looks AS SELECT * FROM described");
      await executor.withAdmin(
        async (session) => await session.run("CREATE TABLE d.loose (a INT PRIMARY KEY) ENGINE=MyISAM"),
      );
      expect(await executor.listDatabases()).toEqual(["d"]);
      expect(await executor.describeDatabase("d")).toMatchObject({ database: "d", charset: "utf8mb4" });
      const { tables } = await executor.listTables("d");
      expect(tables).toContainEqual(
        expect.objectContaining({ name: "looks", kind: "view", hasPrimaryKey: false }),
      );
      expect(tables).toContainEqual(
        expect.objectContaining({ name: "t", kind: "table", engine: "InnoDB", hasPrimaryKey: true }),
      );
      const table = await executor.describeTable({ database: "d", table: "described" });
      expect(table.columns.map(({ name, nullable }) => [name, nullable])).toEqual([
        ["a", false],
        ["b", false],
      ]);
      expect(table.indexes).toContainEqual({ name: "PRIMARY", unique: true, columns: ["a", "b"] });
      expect(table.createStatement).toContain("CREATE TABLE `described`");
      expect(await executor.tablesWithoutPrimaryKey()).toContainEqual({ database: "d", table: "keyless" });
      expect(await executor.nonTransactionalTables()).toEqual([
        { database: "d", table: "loose", engine: "MyISAM" },
      ]);
      expect(await codeOf(executor.describeTable({ database: "mysql", table: "user" }))).toBe("not-found");
      expect(await codeOf(executor.describeDatabase("nowhere"))).toBe("not-found");
      expect(await codeOf(executor.listTables("mysql"))).toBe("not-found");
    });

    test("survives its server: calls under way fail, later ones find their way", async () => {
      const warm = Array.from({ length: 4 }, () => executor.query({ sql: "SELECT SLEEP(0.05)" }));
      await Promise.all([...warm, run("INSERT INTO t (v) VALUES (700)")]);
      const query = codeOf(executor.query({ sql: "SELECT SLEEP(20)" }));
      const write = codeOf(run("INSERT INTO t (v) SELECT 701 + SLEEP(20)"));
      const batch = codeOf(executor.batch({ statements: [{ sql: "SELECT SLEEP(20)" }] }));
      await expect
        .poll(async () => {
          const rows = await executor.withAdmin(async (session) => await session.rows("SHOW PROCESSLIST"));
          return rows.filter(({ Info }) => String(Info).includes("SLEEP(20)")).length;
        })
        .toBe(3);
      await server.killHard();
      expect(await Promise.all([query, write, batch])).toEqual([
        "database-unavailable",
        "write-uncertain",
        "database-unavailable",
      ]);
      expect(await codeOf(executor.query({ sql: "SELECT 1" }))).toBe("database-unavailable");
      expect(await codeOf(run("INSERT INTO t (v) VALUES (702)"))).toBe("database-unavailable");
      await server.start();
      expect(await codeOf(executor.query({ sql: "SELECT 1" }))).toBe("ok");
      expect(await codeOf(run("INSERT INTO t (v) VALUES (702)"))).toBe("ok");
      expect(await executor.listDatabases()).toEqual(["d"]);
      await server.stop();
      await server.start();
      expect(await codeOf(run("INSERT INTO t (v) VALUES (703)"))).toBe("ok");
      await run("CREATE TRIGGER after_restart BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v");
    });

    test("a server that holds still costs a call its time and no more", async () => {
      await run("INSERT INTO t (v) VALUES (800)");
      await count();
      await server.freeze();
      try {
        const query = executor.query({ sql: "SELECT SLEEP(9)", timeoutMs: 200 });
        const write = executor.execute({
          sql: "INSERT INTO t (v) SELECT 801 + SLEEP(9)",
          database: "d",
          timeoutMs: 200,
        });
        expect(await Promise.all([codeOf(query), codeOf(write)])).toEqual(["timeout", "write-uncertain"]);
      } finally {
        server.thaw();
      }
      expect(await codeOf(run("INSERT INTO t (v) VALUES (802)"))).toBe("ok");
    });

    test("disposed it takes no more calls", async () => {
      const closing = await openExecutor(server);
      const underWay = codeOf(closing.query({ sql: "SELECT SLEEP(20)" }));
      await expect
        .poll(async () => {
          const rows = await executor.withAdmin(async (session) => await session.rows("SHOW PROCESSLIST"));
          return rows.some(({ Info }) => String(Info).includes("SLEEP(20)"));
        })
        .toBe(true);
      await closing[Symbol.asyncDispose]();
      await closing[Symbol.asyncDispose]();
      expect(await underWay).toBe("database-unavailable");
      expect(await codeOf(closing.query({ sql: "SELECT 1" }))).toBe("database-unavailable");
      const late = closing.withAdmin(async (session) => await session.rows("SELECT 1"));
      await expect(late).rejects.toSatisfy((error) => isCodedError(error, "database-unavailable"));
    });
  });
}
