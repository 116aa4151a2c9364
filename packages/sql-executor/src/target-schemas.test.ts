import { expect, test } from "vitest";
import { SqlLexer } from "./sql-lexer.ts";
import { TargetSchemas } from "./target-schemas.ts";

function schemasOf(sql: string): string[] {
  const schemas = new TargetSchemas();
  const lexer = new SqlLexer(sql);
  while (lexer.next()) schemas.take(lexer);
  return [...schemas.found];
}

test.each([
  ["INSERT INTO a.t VALUES (1)", ["a"]],
  ["INSERT LOW_PRIORITY IGNORE INTO /* b. */ a . t VALUES (1)", ["a"]],
  ["insert `a``b`.`t` values (1)", ["a`b"]],
  ["REPLACE INTO `a`.t SELECT * FROM c.t", ["a"]],
  ["CREATE TABLE t (x INT, FOREIGN KEY (x) REFERENCES a.t (x))", ["a"]],
  ["CREATE PROCEDURE p() BEGIN INSERT t VALUES (1); INSERT INTO a.t VALUES (2); END", ["a"]],
])("finds the target of %s", (sql, schemas) => {
  expect(schemasOf(sql)).toEqual(schemas);
});

test.each([
  "INSERT INTO t SELECT a.x FROM a.t",
  "INSERT INTO t VALUES ('INTO a.t')",
  "UPDATE t AS a SET a.x = REPLACE(a.x, 'INTO', a.y)",
  "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.x = 1",
  "INSERT INTO t (a) VALUES (INSERT(a.b, 1, 2, 'x'))",
  "SELECT x.into, a.t FROM x JOIN a",
])("takes nothing else for one: %s", (sql) => {
  expect(schemasOf(sql)).toEqual([]);
});
