import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlExecutor, SqlRow } from "../src/index.ts";
import { codeOf, openExecutor } from "./open-executor.ts";

/** What /query must refuse, with the code that it refuses it with. */
const NOT_QUERIES: readonly (readonly [sql: string, code: string])[] = [
  ["INSERT INTO t VALUES (9)", "not-a-query"],
  ["/* SELECT */ DELETE FROM t", "not-a-query"],
  ["/*!50000 DELETE */ FROM t", "not-a-query"],
  ["/*! UPDATE */ t SET id = 5", "not-a-query"],
  ["-- SELECT 1\nDELETE FROM t", "not-a-query"],
  ["#SELECT 1\n DELETE FROM t", "not-a-query"],
  ["(((DELETE FROM t)))", "not-a-query"],
  ["EXPLAIN ANALYZE DELETE FROM t", "not-a-query"],
  ["CREATE TABLE u (id INT)", "not-a-query"],
  ["TRUNCATE t", "not-a-query"],
  ["CALL writes()", "not-a-query"],
  ["DO w()", "not-a-query"],
  ["SELECT w()", "not-a-query"],
  ["SELECT * FROM hidden_write", "not-a-query"],
  ["SELECT id FROM t FOR UPDATE", "not-a-query"],
  ["SELECT id FROM t FOR/**/UPDATE", "not-a-query"],
  ["SELECT id FROM t LOCK IN SHARE MODE", "not-a-query"],
  ["SELECT 1; DELETE FROM t", "not-allowed"],
  ["SELECT ';' ; DELETE FROM t", "not-allowed"],
  ["SELECT '\\'' ; DELETE FROM t; -- '", "not-allowed"],
  ["SELECT 1 /*!50000 ; DELETE FROM t */", "not-allowed"],
  ["SELECT id FROM t INTO OUTFILE '/tmp/understudy-never'", "not-allowed"],
  ["SELECT id INTO DUMPFILE '/tmp/understudy-never' FROM t", "not-allowed"],
  ["SELECT 1.5INTO OUTFILE '/tmp/understudy-never'", "not-allowed"],
  ["SELECT 1 /*!INTO*/ OUTFILE '/tmp/understudy-never'", "not-allowed"],
  ["SELECT 1 INTO @x", "not-allowed"],
  ["SELECT GET_LOCK('a', 1)", "not-allowed"],
  ["SET @x = 1", "not-allowed"],
  ["USE mysql", "not-allowed"],
  ["BEGIN", "not-allowed"],
];

/** What no call may send at all. */
const NEVER = [
  "SET sql_log_bin = 0",
  "SET SESSION sql_log_bin = 0",
  "SET GLOBAL read_only = 0",
  "/*!50000 SET */ GLOBAL read_only = 0",
  "SET PASSWORD = 'x'",
  "RESET MASTER",
  "RESET BINARY LOGS AND GTIDS",
  "CHANGE MASTER TO MASTER_HOST='x'",
  "CHANGE REPLICATION SOURCE TO SOURCE_HOST='x'",
  "START SLAVE",
  "START REPLICA",
  "STOP SLAVE",
  "PURGE BINARY LOGS TO 'binlog.000002'",
  "FLUSH TABLES WITH READ LOCK",
  "FLUSH LOGS",
  "LOCK TABLES t READ",
  "UNLOCK TABLES",
  "LOCK INSTANCE FOR BACKUP",
  "BINLOG 'AAAA'",
  "SHUTDOWN",
  "RESTART",
  "KILL 1",
  "INSTALL PLUGIN x SONAME 'x.so'",
  "CREATE FUNCTION x RETURNS STRING SONAME 'x.so'",
  "CLONE LOCAL DATA DIRECTORY = '/tmp/understudy-never'",
  "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
  "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t",
  "CREATE USER x@localhost",
  "DROP USER understudy_app",
  "GRANT ALL ON *.* TO understudy_app",
  "CREATE TEMPORARY TABLE u (id INT)",
  "PREPARE s FROM 'DELETE FROM t'",
  "EXECUTE s",
  "XA START 'x'",
  "COMMIT",
  "HANDLER t OPEN",
  "CREATE TABLE u (id INT) ENGINE=MyISAM",
  "CREATE TABLE u (id INT) ENGINE MEMORY",
  "CREATE TABLE u (id INT) ENGINE = 'myisam'",
  "CREATE TABLE u (id INT) /*!50000 ENGINE=MyISAM */",
  "ALTER TABLE t ENGINE=`MyISAM`",
  "IF 1 THEN DELETE FROM t; END IF",
  "DELETE FROM t; DELETE FROM t",
];

/** What only the server's rights stop, since the text is an ordinary one. */
const OUT_OF_REACH = [
  "INSERT INTO mysql.user (User) VALUES ('x')",
  "UPDATE `mysql`.user SET User = 'x'",
  "DROP DATABASE mysql",
  "DROP DATABASE understudy",
  "DROP TABLE understudy.secret",
  "CREATE TABLE understudy.mine (id INT)",
  "CREATE TABLE mysql.mine (id INT)",
  "INSERT INTO understudy.secret VALUES (1)",
  "INSERT INTO t SELECT id FROM understudy.secret",
  "CREATE VIEW v AS SELECT * FROM understudy.secret",
  "CREATE TABLE copy AS SELECT * FROM mysql.user",
  "CREATE DEFINER=root@localhost PROCEDURE p() DELETE FROM mysql.user",
  "ALTER DATABASE understudy CHARACTER SET latin1",
  "RENAME TABLE t TO understudy.t",
];

for (const flavour of testFlavours()) {
  describe(`confinement on ${flavour}`, () => {
    let server: DatabaseServer;
    let executor: SqlExecutor;

    const admin = async (sql: string): Promise<SqlRow[]> =>
      await executor.withAdmin(async (session) => await session.rows(sql));
    const run = async (sql: string): Promise<unknown> => await executor.execute({ sql, database: "d" });

    beforeAll(async () => {
      server = await openTestServer(flavour);
      executor = await openExecutor(server, { poolSizes: { reader: 1, application: 1 } });
      await admin("CREATE DATABASE understudy");
      await admin("CREATE TABLE understudy.secret (id INT PRIMARY KEY)");
      await admin("CREATE DATABASE d");
      await run("CREATE TABLE t (id INT PRIMARY KEY)");
      await run("INSERT INTO t VALUES (1), (2)");
      await run("CREATE FUNCTION w() RETURNS INT MODIFIES SQL DATA BEGIN DELETE FROM t; RETURN 1; END");
      await run("CREATE PROCEDURE writes() DELETE FROM t");
      await run("CREATE VIEW hidden_write AS SELECT w() AS x");
    });

    afterAll(async () => {
      await executor?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    test.each(NOT_QUERIES)("/query refuses %s", async (sql, code) => {
      expect(await codeOf(executor.query({ sql, database: "d" }))).toBe(code);
      expect((await executor.query({ sql: "SELECT id FROM t", database: "d" })).rowCount).toBe(2);
    });

    test.each(NEVER)("nobody may send %s", async (sql) => {
      const before = await admin("SELECT @@GLOBAL.read_only");
      expect(await codeOf(executor.execute({ sql, database: "d" }))).toBe("not-allowed");
      expect(await codeOf(executor.batch({ statements: [{ sql }], database: "d" }))).toBe("not-allowed");
      expect(["not-allowed", "not-a-query"]).toContain(await codeOf(executor.query({ sql, database: "d" })));
      expect(await admin("SELECT @@GLOBAL.read_only")).toEqual(before);
    });

    test.each(OUT_OF_REACH)("rights stop %s", async (sql) => {
      expect(await codeOf(executor.execute({ sql, database: "d" }))).toBe("forbidden");
    });

    test.each(["mysql.user", "understudy.secret", "performance_schema.threads", "sys.version"])(
      "a query can't read %s",
      async (table) => {
        expect(await codeOf(executor.query({ sql: `SELECT * FROM ${table}` }))).toBe("forbidden");
      },
    );

    test("a function can't make its reader's session writable, nor leave anything in it", async () => {
      const variable = flavour === "mysql" ? "transaction_read_only" : "tx_read_only";
      await run(
        `CREATE FUNCTION sneak() RETURNS INT BEGIN SET SESSION ${variable}=0, time_zone='+05:00', @x=7; RETURN 1; END`,
      );
      await executor.query({ sql: "SELECT sneak()", database: "d" });
      expect(await codeOf(executor.query({ sql: "SELECT w()", database: "d" }))).toBe("not-a-query");
      await executor.query({ sql: "SELECT sneak()", database: "d" });
      const { rows } = await executor.query({ sql: "SELECT @@time_zone AS z, @x IS NULL AS x" });
      expect(rows.map((row) => JSON.stringify(row))).toEqual([
        expect.stringMatching(/"z":"SYSTEM","x":"?1"?/),
      ]);
    });

    test("what a trigger or procedure sets does not meet the next call", async () => {
      await run("CREATE TABLE noisy (id INT PRIMARY KEY)");
      await run(
        "CREATE TRIGGER noise BEFORE INSERT ON noisy FOR EACH ROW SET SESSION time_zone='+03:00', @u=1, foreign_key_checks=0",
      );
      await run("CREATE PROCEDURE leaves() BEGIN CREATE TEMPORARY TABLE left_over (id INT); SET @u=2; END");
      const look = async (): Promise<string> => {
        const sql = "SELECT CONCAT_WS('/', @@time_zone, @@foreign_key_checks, @u) AS state";
        return JSON.stringify((await executor.batch({ statements: [{ sql }] })).results[0]);
      };
      const clean = await look();
      await run("INSERT INTO noisy VALUES (1)");
      expect(await look()).toBe(clean);
      await run("CALL leaves()");
      expect(await look()).toBe(clean);
      expect(
        await codeOf(executor.batch({ statements: [{ sql: "SELECT * FROM left_over" }], database: "d" })),
      ).toBe("unknown-table");
      await run("INSERT INTO noisy VALUES (2)");
      const { results } = await executor.batch({
        statements: [{ sql: "SELECT LAST_INSERT_ID() + 0 AS id" }],
      });
      expect(JSON.stringify(results)).toMatch(/"id":"?0"?/);
    });

    test("without a database a call does not find the one of an earlier call", async () => {
      await executor.query({ sql: "SELECT * FROM t", database: "d" });
      expect(await codeOf(executor.query({ sql: "SELECT * FROM t" }))).toBe("unknown-table");
    });

    test("the accounts come into being outside the binlog, and stay usable for a second executor", async () => {
      await using second = await openExecutor(server);
      await second.query({ sql: "SELECT 1" });
      const events = await admin("SHOW BINLOG EVENTS LIMIT 200");
      expect(
        events.some((row) => /understudy_(?:app|reader).*IDENTIFIED|GRANT/.test(String(row["Info"]))),
      ).toBe(false);
      await executor.refreshAccounts();
      await executor.query({ sql: "SELECT 1" });
    });

    test("an account that is gone is made again by itself", async () => {
      await executor.withAdmin(async (session) => {
        await session.run("SET sql_log_bin=0");
        await session.run("DROP USER understudy_app@'%'");
      });
      await executor.endApplicationSessions();
      await executor.execute({ sql: "INSERT INTO t VALUES (3)", database: "d" });
      await executor.execute({ sql: "DELETE FROM t WHERE id = 3", database: "d" });
    });

    test("on a read-only server clients write nothing", async () => {
      await admin("SET GLOBAL read_only=ON");
      try {
        expect(await codeOf(run("INSERT INTO t VALUES (4)"))).toBe("no-leader");
        expect(await codeOf(executor.batch({ statements: [{ sql: "DELETE FROM t" }], database: "d" }))).toBe(
          "no-leader",
        );
        expect((await executor.query({ sql: "SELECT * FROM t", database: "d" })).rowCount).toBe(2);
        await using second = await openExecutor(server);
        expect(await second.listDatabases()).toContain("d");
      } finally {
        await admin("SET GLOBAL read_only=OFF");
      }
    });
  });
}

test.runIf(testFlavours().includes("mysql"))(
  "with partial_revokes on MySQL the hidden schemas stay out of reach",
  async () => {
    await using server = await openTestServer("mysql", { extraArguments: ["--partial-revokes=ON"] });
    await using executor = await openExecutor(server);
    await executor.withAdmin(async (session) => await session.run("CREATE DATABASE understudy"));
    await executor.execute({ sql: "CREATE DATABASE d" });
    await executor.execute({ sql: "CREATE TABLE d.t (id INT PRIMARY KEY)" });
    expect(await codeOf(executor.query({ sql: "SELECT * FROM d.t" }))).toBe("ok");
    for (const schema of ["mysql", "understudy", "sys"]) {
      expect(await codeOf(executor.execute({ sql: `CREATE TABLE ${schema}.x (id INT)` }))).toBe("forbidden");
    }
    expect(await codeOf(executor.query({ sql: "SELECT * FROM mysql.user" }))).toBe("forbidden");
    expect(await codeOf(executor.query({ sql: "SELECT * FROM performance_schema.threads" }))).toBe(
      "forbidden",
    );
    await executor.withAdmin(async (session) => {
      await session.run("CREATE TABLE understudy.kept (k INT PRIMARY KEY)");
    });
    await executor.allowKeeping({ database: "understudy", table: "kept" });
    await executor.refreshAccounts();
    const beforeCommit = () => ({ sql: "INSERT INTO understudy.kept VALUES (?)", params: [1] });
    expect(await codeOf(executor.execute({ sql: "INSERT INTO d.t VALUES (1)", beforeCommit }))).toBe("ok");
    const peeps = [
      "INSERT INTO d.t SELECT k + 1 FROM understudy.kept",
      "UPDATE understudy.kept SET k = 2",
      "DELETE FROM understudy.kept",
    ];
    for (const sql of peeps)
      expect([sql, await codeOf(executor.execute({ sql }))]).toEqual([sql, "forbidden"]);
    expect(await codeOf(executor.query({ sql: "SELECT * FROM understudy.kept" }))).toBe("forbidden");
  },
);
