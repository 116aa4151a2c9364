import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BeforeCommitError, type NodeStatement, type SqlExecutor, type SqlRow } from "../src/index.ts";
import { codeOf, openExecutor } from "./open-executor.ts";

const KEEP = { database: "understudy", table: "kept" };
const keep = (key: string, answer: unknown = ""): NodeStatement => ({
  sql: "INSERT INTO understudy.kept (k, answer) VALUES (?, ?)",
  params: [key, JSON.stringify(answer)],
});

for (const flavour of testFlavours()) {
  describe(`writes with a statement of the node's own on ${flavour}`, () => {
    let server: DatabaseServer;
    let executor: SqlExecutor;
    const admin = async (sql: string): Promise<SqlRow[]> =>
      await executor.withAdmin(async (session) => await session.rows(sql));
    const ids = async (): Promise<unknown[]> =>
      (await admin("SELECT id FROM d.t ORDER BY id")).map(({ id }) => id);
    const kept = async (): Promise<SqlRow[]> =>
      await admin("SELECT k, answer FROM understudy.kept ORDER BY k");
    const lastGtid = async (): Promise<string> => {
      const variable = flavour === "mysql" ? "@@GLOBAL.gtid_executed" : "@@gtid_binlog_pos";
      return String((await admin(`SELECT ${variable} AS g`))[0]?.["g"]);
    };
    const failure = async (work: Promise<unknown>): Promise<unknown> =>
      await work.then(
        () => null,
        (error: unknown) => error,
      );

    beforeAll(async () => {
      server = await openTestServer(flavour);
      executor = await openExecutor(server);
      await admin("CREATE DATABASE understudy");
      await admin("CREATE DATABASE d");
      await admin("CREATE TABLE d.t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)");
      await admin("CREATE TABLE d.pair (id INT PRIMARY KEY, v INT)");
      await admin("INSERT INTO d.pair VALUES (1, 0), (2, 0)");
      expect(await codeOf(executor.allowKeeping(KEEP))).toBe("unknown-table");
      await admin("CREATE TABLE understudy.kept (k VARCHAR(50) PRIMARY KEY, answer TEXT)");
      await executor.allowKeeping(KEEP);
    });

    afterAll(async () => {
      await executor?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    beforeEach(async () => {
      // The executors of single tests have made the account anew.
      await executor.refreshAccounts();
      await admin("DELETE FROM d.t");
      await admin("DELETE FROM understudy.kept");
    });

    test("a change and what is kept of it are one transaction with one GTID", async () => {
      const before = await lastGtid();
      const { gtid, ...done } = await executor.execute({
        sql: "INSERT INTO t (id, v) VALUES (5, ?)",
        params: [1],
        database: "d",
        beforeCommit: (change) => keep("a", change),
      });
      expect(done).toEqual({
        affectedRows: 1,
        insertId: flavour === "mysql" ? "5" : done.insertId,
        warnings: [],
        retries: 0,
      });
      expect(JSON.parse(String((await kept())[0]?.["answer"]))).toMatchObject({
        affectedRows: 1,
        warnings: [],
      });
      expect(await ids()).toEqual([5]);
      expect(gtid).not.toBeNull();
      const after = await lastGtid();
      expect(after).not.toBe(before);
      expect(after.endsWith(gtid?.split(/[:-]/).at(-1) ?? "none")).toBe(true);
    });

    test("where the change fails nothing is kept, and the same session serves on", async () => {
      await using narrow = await openExecutor(server, { poolSizes: { application: 1 } });
      await narrow.allowKeeping(KEEP);
      const execute = async (sql: string, key: string) =>
        await narrow.execute({ sql, database: "d", beforeCommit: () => keep(key) });
      await execute("INSERT INTO t (id) VALUES (1)", "a");
      expect(await codeOf(execute("INSERT INTO t (id) VALUES (2), (1)", "b"))).toBe("duplicate-key");
      expect(await ids()).toEqual([1]);
      // What is not kept commits by itself, on the one session that there is.
      await narrow.execute({ sql: "INSERT INTO t (id) VALUES (3)", database: "d" });
      expect(await ids()).toEqual([1, 3]);
      expect((await kept()).map(({ k }) => k)).toEqual(["a"]);
    });

    test("where keeping fails the change is undone and the error says why", async () => {
      await admin("INSERT INTO understudy.kept VALUES ('taken', '')");
      const write = { database: "d", beforeCommit: () => keep("taken") };
      const errors = [
        await failure(executor.execute({ ...write, sql: "INSERT INTO t (id) VALUES (1)" })),
        await failure(executor.batch({ ...write, statements: [{ sql: "INSERT INTO t (id) VALUES (2)" }] })),
      ];
      for (const error of errors) {
        expect(error).toBeInstanceOf(BeforeCommitError);
        expect(error).toMatchObject({ cause: { code: "duplicate-key" } });
      }
      const mute = (): NodeStatement => {
        throw new Error("no statement");
      };
      const sql = "INSERT INTO t (id) VALUES (3)";
      expect(await failure(executor.execute({ sql, database: "d", beforeCommit: mute }))).toMatchObject({
        message: "no statement",
      });
      expect(await ids()).toEqual([]);
    });

    test("a change of nothing is kept all the same", async () => {
      const { affectedRows, gtid } = await executor.execute({
        sql: "UPDATE t SET v = 1 WHERE id = 99",
        database: "d",
        beforeCommit: () => keep("none"),
      });
      expect(affectedRows).toBe(0);
      expect(gtid).not.toBeNull();
      expect(await kept()).toHaveLength(1);
    });

    test("warnings are those of the change", async () => {
      await admin("INSERT INTO d.t (id) VALUES (1)");
      const { warnings } = await executor.execute({
        sql: "INSERT IGNORE INTO t (id) VALUES (1)",
        database: "d",
        beforeCommit: ({ warnings: told }) => keep("w", told),
      });
      expect(warnings).toEqual([
        { level: "Warning", errno: 1062, message: expect.stringContaining("Duplicate") },
      ]);
      expect(JSON.parse(String((await kept())[0]?.["answer"]))).toEqual(warnings);
    });

    test("a batch is kept with its results", async () => {
      const { results, gtid } = await executor.batch({
        database: "d",
        isolation: "serializable",
        statements: [{ sql: "INSERT INTO t (id, v) VALUES (1, 7)" }, { sql: "SELECT v FROM t" }],
        beforeCommit: (done) => keep("batch", done),
      });
      expect(results[1]).toMatchObject({ rows: [{ v: 7 }] });
      expect(JSON.parse(String((await kept())[0]?.["answer"]))).toEqual(results);
      expect((await lastGtid()).endsWith(gtid?.split(/[:-]/).at(-1) ?? "none")).toBe(true);
    });

    test("an isolation asked for once does not meet a later call", async () => {
      await using narrow = await openExecutor(server, { poolSizes: { application: 1 } });
      await narrow.allowKeeping(KEEP);
      const isolation = "read-uncommitted";
      await narrow.batch({ isolation, statements: [{ sql: "SELECT 1" }] });
      const open = executor.batch({
        database: "d",
        statements: [{ sql: "INSERT INTO t (id) VALUES (40)" }, { sql: "SELECT SLEEP(0.6)" }],
      });
      await expect
        .poll(async () => String(JSON.stringify(await admin("SHOW PROCESSLIST"))))
        .toContain("SLEEP(0.6)");
      const { results } = await narrow.batch({
        database: "d",
        statements: [{ sql: "SELECT COUNT(*) AS n FROM t" }],
      });
      expect(results[0]).toMatchObject({ rows: [{ n: "0" }] });
      await open;
    });

    test("what commits by itself can't be kept", async () => {
      const sql = "CREATE TABLE never (id INT)";
      expect(executor.commitsByItself(sql)).toBe(true);
      expect(await codeOf(executor.execute({ sql, database: "d", beforeCommit: () => keep("ddl") }))).toBe(
        "internal",
      );
      expect(await admin("SHOW TABLES FROM d LIKE 'never'")).toEqual([]);
    });

    test.runIf(flavour === "mariadb")(
      "changes that answer with rows are counted and kept, however many",
      async () => {
        const many = "INSERT INTO t (v) SELECT seq FROM seq_1_to_5000 RETURNING id, REPEAT('x', 1000)";
        const written = await executor.execute({
          sql: many,
          database: "d",
          beforeCommit: (done) => keep("r", done),
        });
        expect(written).toMatchObject({ affectedRows: 5000, gtid: await lastGtid() });
        const alone = await executor.execute({ sql: many, database: "d" });
        expect(alone).toMatchObject({ affectedRows: 5000, gtid: await lastGtid() });
        expect(await ids()).toHaveLength(10_000);
      },
    );

    test("time over: nothing is there", async () => {
      const late = executor.execute({
        sql: "INSERT INTO t (id) SELECT 1 + SLEEP(20)",
        database: "d",
        timeoutMs: 200,
        beforeCommit: () => keep("late"),
      });
      expect(await codeOf(late)).toBe("timeout");
      expect(await ids()).toEqual([]);
      expect(await kept()).toEqual([]);
    });

    test("the account can keep, and neither read nor change what is kept, nor can its clients", async () => {
      await executor.execute({
        sql: "INSERT INTO t (id) VALUES (1)",
        database: "d",
        beforeCommit: () => keep("secret"),
      });
      const attempts = [
        "INSERT INTO t (id) SELECT LENGTH(k) FROM understudy.kept",
        "UPDATE understudy.kept SET answer = ''",
        "DELETE FROM understudy.kept",
        "TRUNCATE understudy.kept",
        "DROP TABLE understudy.kept",
        "ALTER TABLE understudy.kept ADD x INT",
        "CREATE TABLE peep (k VARCHAR(50), FOREIGN KEY (k) REFERENCES understudy.kept (k))",
        "CREATE TABLE peep AS SELECT * FROM understudy.kept",
        "RENAME TABLE understudy.kept TO d.kept",
        "INSERT INTO understudy.kept VALUES ('mine', '')",
        "INSERT INTO understudy . `kept` VALUES ('mine', '')",
        "REPLACE LOW_PRIORITY INTO `understudy`.kept VALUES ('secret', '')",
        "INSERT IGNORE understudy.kept VALUES ('mine', '')",
        "INSERT INTO understudy.other VALUES (1)",
      ];
      for (const sql of attempts)
        expect([sql, await codeOf(executor.execute({ sql, database: "d" }))]).toEqual([sql, "forbidden"]);
      // MySQL lets such a view be made, of which nobody can read.
      await codeOf(
        executor.execute({ sql: "CREATE VIEW peep AS SELECT k FROM understudy.kept", database: "d" }),
      );
      expect(await codeOf(executor.query({ sql: "SELECT * FROM peep", database: "d" }))).not.toBe("ok");
      expect(
        await codeOf(
          executor.batch({ statements: [{ sql: "SELECT * FROM peep FOR UPDATE" }], database: "d" }),
        ),
      ).not.toBe("ok");
      await admin("DROP VIEW IF EXISTS d.peep");
      const blind = { sql: "INSERT INTO kept VALUES ('mine', '')", database: "understudy" };
      expect(await codeOf(executor.execute(blind))).toBe("forbidden");
      expect(await codeOf(executor.batch({ statements: [blind], database: "understudy" }))).toBe("forbidden");
      expect(await codeOf(executor.query({ sql: "SELECT * FROM understudy.kept" }))).toBe("forbidden");
      const locking = [{ sql: "SELECT * FROM understudy.kept FOR UPDATE" }];
      expect(await codeOf(executor.batch({ statements: locking }))).toBe("forbidden");
      expect((await kept()).map(({ k }) => k)).toEqual(["secret"]);
    });

    test("the right to keep is also given on a server that has lost the accounts", async () => {
      for (const name of ["understudy_app", "understudy_reader"]) await admin(`DROP USER '${name}'@'%'`);
      await executor.allowKeeping(KEEP);
      const write = {
        sql: "INSERT INTO t (v) VALUES (1)",
        database: "d",
        beforeCommit: (change: Parameters<typeof keep>[1]) => keep("b", change),
      };
      expect(await codeOf(executor.execute(write))).toBe("ok");
    });

    test("the right to keep comes back with the accounts, is not in the binlog, and can be given on a locked server", async () => {
      await executor.refreshAccounts();
      await admin("DROP TABLE IF EXISTS understudy.later");
      await admin("CREATE TABLE understudy.later (k INT PRIMARY KEY)");
      const before = await lastGtid();
      const locked = flavour === "mysql" ? "super_read_only" : "read_only";
      await admin(`SET GLOBAL ${locked}=ON`);
      try {
        await executor.allowKeeping({ database: "understudy", table: "later" });
        await executor.refreshAccounts();
        expect(JSON.stringify(await admin(`SELECT @@GLOBAL.${locked} AS l`))).toContain("1");
      } finally {
        await admin("SET GLOBAL read_only=OFF");
      }
      expect(await lastGtid()).toBe(before);
      for (const table of ["kept", "later"]) {
        const sql = `INSERT INTO understudy.${table} (k) VALUES (7)`;
        const write = {
          sql: "INSERT INTO t (v) VALUES (1)",
          database: "d",
          beforeCommit: () => ({ sql, params: [] }),
        };
        expect([table, await codeOf(executor.execute(write))]).toEqual([table, "ok"]);
      }
      await admin("DROP TABLE understudy.later");
      await executor.refreshAccounts();
    });

    test("a deadlock undoes a write as a whole, so it runs again", async () => {
      const cross = async (first: number, second: number) =>
        await executor.batch({
          database: "d",
          statements: [
            { sql: "UPDATE pair SET v = v + 1 WHERE id = ?", params: [first] },
            { sql: "SELECT SLEEP(0.3)" },
            { sql: "UPDATE pair SET v = v + 1 WHERE id = ?", params: [second] },
          ],
          beforeCommit: () => keep(`cross ${first}`),
        });
      await admin("UPDATE d.pair SET v = 0");
      const done = await Promise.all([cross(1, 2), cross(2, 1)]);
      expect(done.map(({ retries }) => retries).toSorted((a, b) => a - b)).toEqual([0, 1]);
      expect(await admin("SELECT v FROM d.pair ORDER BY id")).toEqual([{ v: 2 }, { v: 2 }]);
      expect(await kept()).toHaveLength(2);
    });

    test("after three more tries a deadlock is told", async () => {
      const signal = (): NodeStatement => ({ sql: "INSERT INTO d.raises VALUES (1)", params: [] });
      await admin("DROP TABLE IF EXISTS d.raises");
      await admin("CREATE TABLE d.raises (id INT)");
      await executor.withAdmin(async (session) => {
        await session.run(
          "CREATE TRIGGER d.raise BEFORE INSERT ON d.raises FOR EACH ROW SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213",
        );
      });
      const plain = executor.execute({ sql: "INSERT INTO raises VALUES (1)", database: "d" });
      await expect(plain).rejects.toMatchObject({ code: "deadlock", details: { errno: 1213, retries: 3 } });
      const write = { database: "d", sql: "INSERT INTO t (id) VALUES (77)", beforeCommit: signal };
      const error = await failure(executor.execute(write));
      expect(error).toBeInstanceOf(BeforeCommitError);
      expect(error).toMatchObject({ cause: { code: "deadlock", details: { retries: 3 } } });
      expect(await ids()).toEqual([]);
    });

    test("a lock wait timeout is told, not tried again", async () => {
      await admin("DROP TABLE IF EXISTS d.waits");
      await admin("CREATE TABLE d.waits (id INT)");
      await executor.withAdmin(async (session) => {
        await session.run(
          "CREATE TRIGGER d.wait_over BEFORE INSERT ON d.waits FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205",
        );
      });
      const error = await failure(executor.execute({ sql: "INSERT INTO waits VALUES (1)", database: "d" }));
      expect(error).toMatchObject({ code: "deadlock", details: { errno: 1205 } });
      expect(error).not.toHaveProperty("details.retries");
    });

    test("the server dies before COMMIT: nothing is there, and the answer says so", async () => {
      const write = failure(
        executor.execute({
          sql: "INSERT INTO t (id) SELECT 9 + SLEEP(20)",
          database: "d",
          beforeCommit: () => keep("x"),
        }),
      );
      await expect.poll(async () => JSON.stringify(await admin("SHOW PROCESSLIST"))).toContain("SLEEP(20)");
      await server.killHard();
      expect(await write).toMatchObject({ code: "database-unavailable" });
      await server.start();
      expect(await ids()).toEqual([]);
      expect(await kept()).toEqual([]);
    });

    test("the server dies between a change and what is kept of it: neither is there", async () => {
      const keepSlowly = "INSERT INTO understudy.kept (k, answer) SELECT 'x', SLEEP(50)";
      const write = failure(
        executor.execute({
          sql: "INSERT INTO t (id) VALUES (9)",
          database: "d",
          beforeCommit: () => ({ sql: keepSlowly, params: [] }),
          timeoutMs: 60_000,
        }),
      );
      await expect
        .poll(async () => (await admin("SHOW FULL PROCESSLIST")).map(({ Info }) => Info), { timeout: 20_000 })
        .toContain(keepSlowly);
      await server.killHard();
      const error = await write;
      expect(error).toBeInstanceOf(BeforeCommitError);
      expect(error).toMatchObject({ cause: { code: "database-unavailable" } });
      await server.start();
      expect(await ids()).toEqual([]);
      expect(await kept()).toEqual([]);
    });
  });
}
