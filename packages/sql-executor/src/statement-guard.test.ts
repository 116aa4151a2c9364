import { describe, expect, test } from "vitest";
import { errorCodeOf } from "@understudy/protocol";
import { guardBatchStatement, guardExecute, guardQuery, leavesState, readsState } from "./statement-guard.ts";
import { readShape } from "./statement-shape.ts";

function codeOf(work: () => unknown): string {
  try {
    work();
    return "ok";
  } catch (error) {
    return errorCodeOf(error);
  }
}

describe("the guard", () => {
  test.each([
    "SELECT 1",
    "select * from t where a = 'INSERT INTO' ;",
    "(SELECT 1) UNION (SELECT 2)",
    "WITH RECURSIVE s AS (SELECT 1) SELECT * FROM s",
    "TABLE t",
    "VALUES ROW(1)",
    "SHOW TABLES",
    "DESC t",
    "EXPLAIN UPDATE t SET a = 1",
    "EXPLAIN ANALYZE SELECT 1",
    "ANALYZE FORMAT=JSON SELECT 1",
    "CHECKSUM TABLE t",
    "SELECT `insert`, t.`into`, t.into FROM t",
    "SELECT SUBSTRING(a FROM 1 FOR 2) FROM t",
    "SELECT 1 -- ; DELETE FROM t",
    "SELECT '\\\\'; ",
    "SELEC nonsense",
  ])("/query takes %s", (sql) => {
    expect(codeOf(() => guardQuery(readShape(sql)))).toBe("ok");
    if (!sql.startsWith("SELEC ")) expect(codeOf(() => guardExecute(readShape(sql)))).toBe("not-allowed");
  });

  test.each([
    "INSERT INTO t SELECT * FROM u",
    "INSERT LOW_PRIORITY IGNORE INTO t VALUES (1)",
    "WITH s AS (SELECT 1 AS a) DELETE FROM t WHERE a IN (SELECT a FROM s)",
    "CREATE TABLE t (engine INT, `set` INT)",
    "ALTER TABLE t ADD COLUMN engine INT",
    "CREATE TABLE t (a INT) ENGINE = InnoDB",
    "CREATE PROCEDURE p() BEGIN DECLARE x INT; SELECT 1 INTO x; SET @a = 1; END",
    "CREATE OR REPLACE DEFINER = CURRENT_USER TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.a = 1; END;",
    "ANALYZE TABLE t",
    "CALL p(1)",
    "DROP TABLE `user`",
    "SELEC nonsense",
  ])("/execute takes %s", (sql) => {
    expect(codeOf(() => guardExecute(readShape(sql)))).toBe("ok");
  });

  test.each([
    "CREATE TABLE t (a INT)",
    "DROP TABLE t",
    "TRUNCATE t",
    "CALL p()",
    "OPTIMIZE TABLE t",
    "COMMIT",
  ])("/batch refuses %s", (sql) => {
    expect(codeOf(() => guardBatchStatement(readShape(sql)))).toBe("not-allowed");
  });

  test("a batch tells queries from changes", () => {
    expect(guardBatchStatement(readShape("SELECT 1 FOR UPDATE"))).toBe(true);
    expect(guardBatchStatement(readShape("INSERT INTO t VALUES (1)"))).toBe(false);
    expect(guardBatchStatement(readShape("WITH a AS (SELECT 1) UPDATE t SET b = 1"))).toBe(false);
  });

  test("text that is no statement is told apart", () => {
    expect(codeOf(() => readShape(""))).toBe("invalid-request");
    expect(codeOf(() => readShape(" -- nothing"))).toBe("invalid-request");
    expect(codeOf(() => readShape(";"))).toBe("invalid-request");
    expect(codeOf(() => readShape("SELECT 'open"))).toBe("sql-syntax");
    expect(codeOf(() => readShape("SELECT 1 /* open"))).toBe("sql-syntax");
    expect(codeOf(() => readShape("SELECT \u0000"))).toBe("sql-syntax");
    expect(codeOf(() => readShape("SELECT 1;;"))).toBe("not-allowed");
  });

  test("knows what leaves and what reads session state", () => {
    expect(leavesState(readShape("SELECT @a := 1"))).toBe(true);
    expect(leavesState(readShape("SELECT '@'"))).toBe(false);
    expect(leavesState(readShape("CALL p()"))).toBe(true);
    expect(readsState(readShape("SELECT LAST_INSERT_ID()"))).toBe(true);
    expect(readsState(readShape("SELECT `last_insert_id` FROM t"))).toBe(false);
  });
});
