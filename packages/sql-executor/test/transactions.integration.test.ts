import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BeforeCommitError, type OpenTransaction, type SqlExecutor, type SqlRow } from "../src/index.ts";
import { codeOf, openExecutor } from "./open-executor.ts";

for (const flavour of testFlavours()) {
  describe(`interactive transactions on ${flavour}`, () => {
    let server: DatabaseServer;
    let executor: SqlExecutor;
    const admin = async (sql: string): Promise<SqlRow[]> =>
      await executor.withAdmin(async (session) => await session.rows(sql));
    const balances = async (): Promise<unknown[]> =>
      (await admin("SELECT v FROM d.t ORDER BY id")).map(({ v }) => v);
    const open = async (): Promise<OpenTransaction> => await executor.openTransaction({ database: "d" });
    const isRunning = async (text: string): Promise<void> =>
      await expect.poll(async () => JSON.stringify(await admin("SHOW PROCESSLIST"))).toContain(text);
    /** Throws where somebody holds a lock on a row. */
    const expectNoLocks = async (): Promise<void> => {
      const sql = "SELECT * FROM t FOR UPDATE NOWAIT";
      expect(await codeOf(executor.batch({ database: "d", statements: [{ sql }] }))).toBe("ok");
    };
    const lastGtid = async (): Promise<string> => {
      const variable = flavour === "mysql" ? "@@GLOBAL.gtid_executed" : "@@gtid_binlog_pos";
      return String((await admin(`SELECT ${variable} AS g`))[0]?.["g"]);
    };

    beforeAll(async () => {
      server = await openTestServer(flavour);
      executor = await openExecutor(server, { poolSizes: { transaction: 2 } });
      await admin("CREATE DATABASE d");
      await admin("CREATE DATABASE understudy");
      await admin("CREATE TABLE understudy.kept (k VARCHAR(50) PRIMARY KEY)");
      await executor.allowKeeping({ database: "understudy", table: "kept" });
      await admin("CREATE TABLE d.t (id INT PRIMARY KEY, v INT)");
      await executor.execute({
        sql: "CREATE FUNCTION w() RETURNS INT MODIFIES SQL DATA BEGIN UPDATE t SET v = v + 1 WHERE id = 1; RETURN 1; END",
        database: "d",
      });
    });

    afterAll(async () => {
      await executor?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    beforeEach(async () => {
      await admin("DELETE FROM d.t");
      await admin("DELETE FROM understudy.kept");
      await admin("INSERT INTO d.t VALUES (1, 100), (2, 100)");
    });

    test("commits what it did with one GTID, and nobody sees it before", async () => {
      await using transaction = await open();
      const { rows } = await transaction.query({
        sql: "SELECT v FROM t WHERE id = ? FOR UPDATE",
        params: [1],
      });
      expect(rows).toEqual([{ v: 100 }]);
      expect(await transaction.execute({ sql: "UPDATE t SET v = v - 30 WHERE id = 1" })).toEqual({
        affectedRows: 1,
        insertId: null,
        warnings: [],
      });
      await transaction.execute({ sql: "UPDATE t SET v = v + 30 WHERE id = :id", params: { id: 2 } });
      expect(await balances()).toEqual([100, 100]);
      const { gtid } = await transaction.commit({
        sql: "INSERT INTO understudy.kept VALUES (?)",
        params: ["a"],
      });
      expect(await balances()).toEqual([70, 130]);
      expect(await admin("SELECT k FROM understudy.kept")).toEqual([{ k: "a" }]);
      expect((await lastGtid()).endsWith(gtid?.split(/[:-]/).at(-1) ?? "none")).toBe(true);
      expect(transaction.hasEnded).toBe(true);
    });

    test("after its end every call says so and nothing runs", async () => {
      for (const how of ["commit", "rollback", "dispose"] as const) {
        const transaction = await open();
        if (how === "dispose") await transaction[Symbol.asyncDispose]();
        else await transaction[how]();
        expect(transaction.hasEnded).toBe(true);
        const calls = [
          transaction.query({ sql: "SELECT 1" }),
          transaction.execute({ sql: "DELETE FROM t" }),
          transaction.commit(),
          transaction.rollback(),
        ];
        expect(await Promise.all(calls.map(codeOf))).toEqual(Array(4).fill("transaction-expired"));
        await expect(transaction.query({ sql: "SELECT 1" })).rejects.toThrow(
          how === "commit" ? "was committed" : "was rolled back",
        );
        await transaction[Symbol.asyncDispose]();
      }
      expect(await balances()).toEqual([100, 100]);
    });

    test("knows whether it wrote, also where a function did", async () => {
      await using read = await open();
      await read.query({ sql: "SELECT * FROM t" });
      expect(read.hasWritten).toBe(false);
      await read.query({ sql: "SELECT COUNT(*) FROM t" });
      expect(read.hasWritten).toBe(false);
      await read.query({ sql: "SELECT w()" });
      expect(read.hasWritten).toBe(true);
      await read.rollback();
      await using locking = await open();
      await locking.query({ sql: "SELECT * FROM t FOR UPDATE" });
      expect(locking.hasWritten).toBe(true);
      await locking.rollback();
      await using change = await open();
      expect(change.hasWritten).toBe(false);
      await change.query({
        sql: "SELECT v, COUNT(*) FROM (SELECT v FROM t UNION SELECT id FROM t) AS x GROUP BY v ORDER BY COUNT(*), v",
      });
      expect(change.hasWritten).toBe(false);
      await change.execute({ sql: "DELETE FROM t WHERE id = 99" });
      expect(change.hasWritten).toBe(true);
      expect((await change.commit()).gtid).toBeNull();
    });

    test("a statement that fails for itself leaves it open", async () => {
      await using transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      expect(await codeOf(transaction.execute({ sql: "INSERT INTO t VALUES (3, 3), (1, 1)" }))).toBe(
        "duplicate-key",
      );
      expect(await codeOf(transaction.execute({ sql: "UPDAT t SET v = 1" }))).toBe("sql-syntax");
      expect(await codeOf(transaction.query({ sql: "SELECT nothing FROM t" }))).toBe("unknown-column");
      expect(await codeOf(transaction.query({ sql: "SELECT * FROM t", maxRows: 1 }))).toBe("too-many-rows");
      expect(await codeOf(transaction.query({ sql: "SELECT ?" }))).toBe("invalid-request");
      expect(transaction.hasEnded).toBe(false);
      await transaction.commit();
      expect(await balances()).toEqual([1, 100]);
    });

    test.each([
      "CREATE TABLE x (id INT)",
      "DROP TABLE t",
      "TRUNCATE t",
      "CALL p()",
      "COMMIT",
      "ROLLBACK",
      "BEGIN",
      "START TRANSACTION",
      "SET autocommit = 1",
      "LOCK TABLES t WRITE",
      "RENAME TABLE t TO u",
      "ANALYZE TABLE t",
      "XA START 'x'",
      "ROLLBACK AND CHAIN",
      "RELEASE",
      "SELECT 1",
    ])("refuses %s and stays open", async (sql) => {
      await using transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      expect(await codeOf(transaction.execute({ sql }))).toBe("not-allowed");
      expect(transaction.hasEnded).toBe(false);
      await transaction.rollback();
      expect(await balances()).toEqual([100, 100]);
    });

    test("a query has no effect by its text", async () => {
      await using transaction = await open();
      expect(await codeOf(transaction.query({ sql: "DELETE FROM t" }))).toBe("not-a-query");
      expect(transaction.hasWritten).toBe(false);
    });

    test("goes back to a savepoint", async () => {
      await using transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      await transaction.execute({ sql: "SAVEPOINT here" });
      await transaction.execute({ sql: "UPDATE t SET v = 2 WHERE id = 2" });
      await transaction.execute({ sql: "ROLLBACK TO SAVEPOINT here" });
      await transaction.execute({ sql: "RELEASE SAVEPOINT here" });
      await transaction.commit();
      expect(await balances()).toEqual([1, 100]);
    });

    test("a deadlock ends it, and the other one goes on", async () => {
      await using one = await open();
      await using other = await open();
      await one.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      await other.execute({ sql: "UPDATE t SET v = 2 WHERE id = 2" });
      const waiting = codeOf(one.execute({ sql: "UPDATE t SET v = 1 WHERE id = 2" }));
      await isRunning("SET v = 1 WHERE id = 2");
      const closing = codeOf(other.execute({ sql: "UPDATE t SET v = 2 WHERE id = 1" }));
      expect((await Promise.all([waiting, closing])).toSorted()).toEqual(["deadlock", "ok"]);
      expect(one.hasEnded).not.toBe(other.hasEnded);
      const survivor = one.hasEnded ? other : one;
      await survivor.commit();
      expect(await balances()).toEqual(survivor === one ? [1, 1] : [2, 2]);
      await expectNoLocks();
    });

    test("a lock wait timeout ends all of it", async () => {
      await admin("SET GLOBAL innodb_lock_wait_timeout=1");
      await using narrow = await openExecutor(server);
      await using holder = await narrow.openTransaction({ database: "d" });
      await holder.execute({ sql: "UPDATE t SET v = 5 WHERE id = 1" });
      await using waiter = await narrow.openTransaction({ database: "d" });
      await waiter.execute({ sql: "UPDATE t SET v = 6 WHERE id = 2" });
      await expect(waiter.execute({ sql: "UPDATE t SET v = 6 WHERE id = 1" })).rejects.toMatchObject({
        code: "deadlock",
        details: { errno: 1205 },
      });
      expect(waiter.hasEnded).toBe(true);
      await holder.execute({ sql: "UPDATE t SET v = 5 WHERE id = 2" });
      await holder.commit();
      expect(await balances()).toEqual([5, 5]);
      await admin("SET GLOBAL innodb_lock_wait_timeout=50");
      await executor.refreshAccounts();
    });

    test("a statement that runs too long ends all of it at once", async () => {
      await using transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      const slow = { sql: "SELECT SLEEP(20)", timeoutMs: 200 };
      expect(await codeOf(transaction.query(slow))).toBe("timeout");
      expect(transaction.hasEnded).toBe(true);
      await expectNoLocks();
      expect(await codeOf(transaction.commit())).toBe("transaction-expired");
      expect(await balances()).toEqual([100, 100]);
    });

    test.each(["SELECT SLEEP(20)", "SELECT * FROM t WHERE id = 2 FOR UPDATE"])(
      "disposed while %s is under way, its locks go at once",
      async (sql) => {
        await using holder = await open();
        await holder.execute({ sql: "UPDATE t SET v = 9 WHERE id = 2" });
        await using transaction = await open();
        await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
        const busy = codeOf(transaction.query({ sql }));
        await isRunning(sql);
        const queued = codeOf(transaction.execute({ sql: "UPDATE t SET v = 2" }));
        await transaction[Symbol.asyncDispose]();
        await using next = await open();
        await next.query({ sql: "SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT" });
        expect(await Promise.all([busy, queued])).toEqual(["transaction-expired", "transaction-expired"]);
        await next.rollback();
        await holder.rollback();
        await expectNoLocks();
        expect(await balances()).toEqual([100, 100]);
      },
    );

    test("calls at the same time run one after the other, in their order", async () => {
      await using transaction = await open();
      await Promise.all(
        [1, 2, 3, 4].map((digit) =>
          transaction.execute({ sql: "UPDATE t SET v = v * 10 + ? WHERE id = 1", params: [digit] }),
        ),
      );
      await Promise.all([
        transaction.execute({ sql: "UPDATE t SET v = v + 1 WHERE id = 1" }),
        transaction.commit(),
      ]);
      expect(await balances()).toEqual([1_001_235, 100]);
    });

    test("where the node's statement fails, all is undone", async () => {
      await admin("INSERT INTO understudy.kept VALUES ('taken')");
      await using transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1" });
      const error = await transaction
        .commit({ sql: "INSERT INTO understudy.kept VALUES (?)", params: ["taken"] })
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(BeforeCommitError);
      expect(error).toMatchObject({ cause: { code: "duplicate-key" } });
      expect(transaction.hasEnded).toBe(true);
      expect(await balances()).toEqual([100, 100]);
      await expectNoLocks();
    });

    test("as many as there are sessions, and one that ends makes room without traces", async () => {
      const one = await open();
      const two = await open();
      await one.query({ sql: "SELECT @x := 5, LAST_INSERT_ID(7)" });
      expect((await one.query({ sql: "SELECT @x AS x", rows: "arrays" })).rows).toHaveLength(1);
      expect(await codeOf(open())).toBe("overloaded");
      await one.commit();
      for (const _ of [1, 2, 3]) {
        const next = await open();
        const { rows } = await next.query({
          sql: "SELECT @x IS NULL AS x, LAST_INSERT_ID() AS l, @@autocommit AS a",
        });
        expect(JSON.stringify(rows).replaceAll('"', "")).toBe("[{x:1,l:0,a:0}]");
        await next[Symbol.asyncDispose]();
      }
      await two.rollback();
    });

    test("isolation is as asked for, in its own database", async () => {
      await using reader = await executor.openTransaction({ database: "d", isolation: "read-committed" });
      await using repeatable = await executor.openTransaction({ isolation: "repeatable-read" });
      const seen = async (transaction: OpenTransaction) =>
        (await transaction.query({ sql: "SELECT v FROM d.t WHERE id = 1" })).rows;
      await seen(reader);
      await seen(repeatable);
      await executor.execute({ sql: "UPDATE t SET v = 55 WHERE id = 1", database: "d" });
      expect(await seen(reader)).toEqual([{ v: 55 }]);
      expect(await seen(repeatable)).toEqual([{ v: 100 }]);
      expect(await codeOf(repeatable.query({ sql: "SELECT * FROM t" }))).toBe("unknown-table");
      await reader.rollback();
      await repeatable.rollback();
      expect(await codeOf(executor.openTransaction({ database: "nowhere" }))).toBe("unknown-database");
      expect(await codeOf(executor.openTransaction({ database: "understudy" }))).toBe("forbidden");
      await using after = await open();
      expect(after.hasEnded).toBe(false);
    });

    test("fencing ends it", async () => {
      await using transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      await executor.endApplicationSessions();
      await expect.poll(() => transaction.hasEnded).toBe(true);
      expect(await codeOf(transaction.commit())).toBe("transaction-expired");
      await transaction[Symbol.asyncDispose]();
      await expect.poll(balances).toEqual([100, 100]);
      await using next = await open();
      await next.rollback();
    });

    test("a commit under way is not disturbed by disposal, but waited for", async () => {
      const transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      await server.freeze();
      const committing = transaction.commit();
      // it is its turn a moment later
      await Promise.resolve();
      const disposing = transaction[Symbol.asyncDispose]();
      server.thaw();
      expect((await committing).gtid).not.toBeNull();
      await disposing;
      expect(await balances()).toEqual([1, 100]);
    });

    test("where the answer to COMMIT is lost, nobody claims to know", async () => {
      const transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      await server.freeze();
      const committing = codeOf(transaction.commit());
      await Promise.resolve();
      await server.killHard();
      expect(await committing).toBe("write-uncertain");
      expect(transaction.hasEnded).toBe(true);
      await expect(transaction.commit()).rejects.toThrow("not known");
      await transaction[Symbol.asyncDispose]();
      await server.start();
    });

    test("the server dies: it has ended, and the next one finds the new server", async () => {
      const transaction = await open();
      await transaction.execute({ sql: "UPDATE t SET v = 1 WHERE id = 1" });
      const busy = codeOf(transaction.query({ sql: "SELECT SLEEP(20)" }));
      await isRunning("SLEEP(20)");
      await server.killHard();
      expect(await busy).toBe("database-unavailable");
      expect(transaction.hasEnded).toBe(true);
      expect(await codeOf(transaction.commit())).toBe("transaction-expired");
      await transaction[Symbol.asyncDispose]();
      expect(await codeOf(open())).toBe("database-unavailable");
      await server.start();
      await using next = await open();
      expect((await next.query({ sql: "SELECT v FROM t WHERE id = 1" })).rows).toEqual([{ v: 100 }]);
      await next.commit();
    });
  });
}
