import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientExecutor, ClientRight, SqlExecutor } from "../src/index.ts";
import { codeOf, openExecutor } from "./open-executor.ts";

const ALL: readonly ClientRight[] = ["read", "write", "ddl"];

/** Ways to reach `crm` from a call that is confined to `shop_1`, with the kind of call that they go by. */
const ESCAPES: readonly (readonly [kind: "query" | "execute", sql: string])[] = [
  ["query", "SELECT * FROM crm.secrets"],
  ["query", "SELECT * FROM `crm` . `secrets`"],
  ["query", "SELECT * FROM crm./* */secrets"],
  ["query", "SELECT (SELECT word FROM crm.secrets LIMIT 1)"],
  ["query", "WITH x AS (SELECT * FROM crm.secrets) SELECT * FROM x"],
  ["query", "SHOW TABLES FROM crm"],
  ["query", "SHOW CREATE TABLE crm.secrets"],
  ["query", "DESCRIBE crm.secrets"],
  ["query", "EXPLAIN SELECT * FROM crm.secrets"],
  ["query", "SELECT crm.tell()"],
  // not a pattern: another name that fits it
  ["query", "SELECT * FROM shopx1.secrets"],
  ["execute", "INSERT INTO t SELECT 9, word FROM crm.secrets"],
  ["execute", "INSERT INTO crm.secrets VALUES (2, 'x')"],
  ["execute", "UPDATE crm.secrets SET word = ''"],
  ["execute", "UPDATE t JOIN crm.secrets s SET t.word = s.word"],
  ["execute", "DELETE FROM crm.secrets"],
  ["execute", "DROP TABLE crm.secrets"],
  ["execute", "DROP DATABASE crm"],
  ["execute", "CREATE TABLE crm.more (id INT PRIMARY KEY)"],
  ["execute", "CREATE TABLE copy_of AS SELECT * FROM crm.secrets"],
  ["execute", "CREATE TABLE child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES crm.secrets (id))"],
  ["execute", "ALTER TABLE t RENAME TO crm.t"],
  ["execute", "RENAME TABLE t TO crm.t"],
  ["execute", "CALL crm.spoil()"],
  ["execute", "CREATE VIEW v AS SELECT * FROM crm.secrets"],
  ["execute", "CREATE DATABASE elsewhere"],
  ["execute", "DELETE FROM mysql.user"],
];

describe.each(testFlavours())("client SQL that is confined (%s)", (flavour) => {
  let server: DatabaseServer;
  let executor: SqlExecutor;
  let shop: ClientExecutor;

  beforeAll(async () => {
    server = await openTestServer(flavour);
    executor = await openExecutor(server);
    for (const sql of [
      "CREATE DATABASE shop_1",
      "CREATE DATABASE shopx1",
      "CREATE DATABASE crm",
      "CREATE TABLE shop_1.t (id INT PRIMARY KEY, word VARCHAR(20))",
      "CREATE TABLE shopx1.secrets (id INT PRIMARY KEY, word VARCHAR(20))",
      "CREATE TABLE crm.secrets (id INT PRIMARY KEY, word VARCHAR(20))",
      "INSERT INTO crm.secrets VALUES (1, 'hidden')",
      "CREATE FUNCTION crm.tell() RETURNS VARCHAR(20) READS SQL DATA RETURN (SELECT word FROM crm.secrets LIMIT 1)",
      "CREATE PROCEDURE crm.spoil() DELETE FROM crm.secrets",
    ]) {
      await executor.execute({ sql });
    }
    shop = executor.confinedTo({ rights: new Set(ALL), databases: ["shop_1"] });
  });

  afterAll(async () => {
    await executor[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("does all that it may in its own database", async () => {
    await shop.execute({ sql: "INSERT INTO t VALUES (1, 'a')", database: "shop_1" });
    await shop.execute({ sql: "CREATE TABLE shop_1.u (id INT PRIMARY KEY)" });
    await shop.batch({
      statements: [{ sql: "INSERT INTO u VALUES (1)" }, { sql: "SELECT * FROM t" }],
      database: "shop_1",
    });
    expect((await shop.query({ sql: "SELECT word FROM shop_1.t" })).rows).toEqual([{ word: "a" }]);
    await using transaction = await shop.openTransaction({ database: "shop_1" });
    await transaction.execute({ sql: "UPDATE t SET word = 'b' WHERE id = 1" });
    await transaction.commit();
    await using stream = await shop.stream({ sql: "SELECT word FROM t", database: "shop_1" });
    for await (const piece of stream.pieces()) expect(piece).toEqual([{ word: "b" }]);
    await shop.execute({ sql: "DROP TABLE shop_1.u" });
  });

  test.each(ESCAPES)("the server itself refuses to %s: %s", async (kind, sql) => {
    const before = await executor.query({ sql: "SELECT * FROM crm.secrets" });
    const code = await codeOf(shop[kind]({ sql, database: "shop_1" }));
    expect(code).toBe("forbidden");
    expect((await executor.query({ sql: "SELECT * FROM crm.secrets" })).rows).toEqual(before.rows);
  });

  test("it can't even choose another database, and does not see that there is one", async () => {
    expect(await codeOf(shop.query({ sql: "SELECT 1", database: "crm" }))).toBe("forbidden");
    expect(await codeOf(shop.openTransaction({ database: "crm" }))).toBe("forbidden");
    const { rows } = await shop.query({
      sql: "SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA",
    });
    const names = rows.map((row) => String(Object.values(row)[0]));
    expect(names).toContain("shop_1");
    expect(names.filter((name) => ["crm", "shopx1", "mysql"].includes(name))).toEqual([]);
    const tables = await shop.query({
      sql: "SELECT COUNT(*) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ('crm', 'mysql', 'shopx1')",
    });
    expect(tables.rows).toEqual([{ n: "0" }]);
    expect(await shop.listDatabases()).toEqual(["shop_1"]);
  });

  const WANTED = [
    ["read", "SELECT * FROM shop_1.t", "query"],
    ["write", "INSERT INTO shop_1.t VALUES (50, 'w')", "execute"],
    ["write", "DELETE FROM shop_1.t WHERE FALSE", "execute"],
    ["ddl", "CREATE TABLE shop_1.d (id INT PRIMARY KEY)", "execute"],
    ["ddl", "DROP TABLE shop_1.d", "execute"],
  ] as const;

  test.each([null, ["shop_1"]])("each right is what the server grants for it, in %j", async (databases) => {
    for (const right of ALL) {
      const confined = executor.confinedTo({ rights: new Set([right]), databases });
      for (const [wanted, sql, kind] of WANTED) {
        expect(executor.rightFor(sql)).toBe(wanted);
        const code = await codeOf(confined[kind]({ sql }));
        expect({ right, sql, code }).toEqual({
          right,
          sql,
          code: wanted === right ? "ok" : (expect.not.stringMatching(/^ok$/) as string),
        });
      }
      await executor.execute({ sql: "DELETE FROM shop_1.t WHERE id = 50" });
    }
    const writer = executor.confinedTo({ rights: new Set(["write"]), databases });
    expect(await codeOf(writer.batch({ statements: [{ sql: "SELECT * FROM shop_1.t" }] }))).toBe("forbidden");
    const hidden = executor.confinedTo({ rights: new Set(["read", "write"]), databases });
    expect(await codeOf(hidden.query({ sql: "SELECT * FROM mysql.user" }))).toBe("forbidden");
  });

  test("accounts are outside the binlog, and come back where a copy of others has taken them away", async () => {
    await executor.withAdmin(async (session) => {
      await session.run("SET SESSION sql_log_bin=0");
      const users = await session.rows("SELECT User FROM mysql.user WHERE User LIKE 'understudy\\_%'");
      expect(users.length).toBeGreaterThan(4);
      for (const row of users) await session.run(`DROP USER '${String(Object.values(row)[0])}'@'%'`);
      await session.run("SET SESSION sql_log_bin=1");
    });
    const again = executor.confinedTo({ rights: new Set(["read", "write"]), databases: ["shop_1"] });
    await again.execute({ sql: "INSERT INTO shop_1.t VALUES (70, 'again')" });
    expect(await codeOf(again.query({ sql: "SELECT * FROM crm.secrets" }))).toBe("forbidden");
    // sessions that are still open go on under rights that are gone; new ones make the accounts again
    await executor.refreshAccounts();
    expect(await codeOf(shop.query({ sql: "SELECT * FROM shop_1.t" }))).toBe("ok");
  });

  test("fencing ends the sessions of confined accounts, too", async () => {
    const transaction = await shop.openTransaction({ database: "shop_1" });
    await transaction.execute({ sql: "INSERT INTO t VALUES (60, 'open')" });
    await executor.endApplicationSessions();
    expect(await codeOf(transaction.commit())).not.toBe("ok");
    await transaction[Symbol.asyncDispose]();
    const { rows } = await executor.query({ sql: "SELECT COUNT(*) AS n FROM shop_1.t WHERE id = 60" });
    expect(rows).toEqual([{ n: "0" }]);
  });
});
