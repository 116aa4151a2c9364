import { expect, test } from "vitest";
import { textEditor } from "../../widgets/text-editor.ts";
import { readFields } from "./run-statement.ts";
import { edited, found, recalled, redo, SQL, undo, type SqlState } from "./sql-state.ts";
import { statementOf, syntaxPlace } from "./statement.ts";

for (const [text, path] of [
  ["select 1;", "/query"],
  ["  -- all of it\n/* now */ SHOW TABLES ; ", "/query"],
  ["(SELECT 1) UNION (SELECT 2)", "/query"],
  ["WITH a AS (SELECT 1) SELECT * FROM a", "/query"],
  ["WITH a AS (SELECT 1) DELETE FROM t WHERE id IN (SELECT * FROM a)", "/execute"],
  ["insert into t values ('select')", "/execute"],
  ["CALL p()", "/execute"],
  ["/*!50000 DELETE FROM t WHERE id=1 */", "/execute"],
] as const) {
  test(`${text} goes to ${path}`, () => {
    expect(statementOf(text)).toMatchObject({ path, danger: null });
  });
}

for (const [text, confirm] of [
  ["DROP TABLE IF EXISTS shop.`or ders`", "or ders"],
  ["drop database 東京", "東京"],
  ["TRUNCATE TABLE t;", "t"],
  ["DELETE FROM t", "t"],
  ["/* WHERE */ DELETE FROM t -- WHERE id = 1", "DELETE"],
  ["UPDATE t SET a = 'WHERE', b = (SELECT 1 FROM u WHERE u.id = 1)", "t"],
  ["WITH a AS (SELECT 1 WHERE 1) DELETE FROM t", "DELETE"],
  ["ALTER TABLE t DROP COLUMN a", "t"],
] as const) {
  test(`${text} wants ${confirm} typed`, () => {
    const { danger, ...statement } = statementOf(text);
    expect(danger).not.toBeNull();
    expect(statement.confirm).toBe(confirm);
  });
}

test("UPDATE and DELETE with a WHERE run at once, and nothing is no statement", () => {
  expect(statementOf("UPDATE t SET a = 1 WHERE id = 1").danger).toBeNull();
  expect(statementOf("DELETE FROM t\nWHERE id = 1").danger).toBeNull();
  expect(statementOf(" ; ")).toMatchObject({ sql: "", word: "" });
});

test("a syntax error's place is found by the server's own words", () => {
  const said = (near: string, line: number) => `sql-syntax: You have an error near '${near}' at line ${line}`;
  const sql = "SELECT 1\nFROM\nWHER it's";
  expect(syntaxPlace(sql, said("WHER it's", 3))).toBe(sql.indexOf("WHER"));
  expect(syntaxPlace(sql, said("", 3))).toBe(sql.length);
  expect(syntaxPlace(sql, said("not there", 2))).toBe(9);
  expect(syntaxPlace(sql, "no place")).toBeNull();
});

const withOptions = (options: Partial<SqlState["options"]>, lastPosition: string | null = "1:0-1-9") =>
  readFields({ ...SQL.initial, lastPosition, options: { ...SQL.initial.options, ...options } });

test("the pickers become the fields of a read", () => {
  expect(withOptions({})).toEqual({});
  expect(withOptions({ consistency: "bounded", maxLagMs: 50 })).toEqual({
    consistency: "bounded",
    maxLagMs: 50,
  });
  expect(withOptions({ consistency: "strong" })).toEqual({ consistency: "strong" });
  expect(withOptions({ place: "the master", consistency: "bounded" })).toEqual({ consistency: "strong" });
  expect(withOptions({ consistency: "own writes" })).toEqual({ after: "1:0-1-9" });
  expect(withOptions({ consistency: "own writes" }, null)).toEqual({});
});

test("changes are undone and done again; moving the cursor is none", () => {
  const one = edited(edited(SQL.initial, textEditor("a")), textEditor("ab"));
  expect(undo(one).editor.text).toBe("a");
  expect(undo(undo(undo(one))).editor.text).toBe("");
  expect(redo(undo(one)).editor.text).toBe("ab");
  expect(undo(edited(one, { text: "ab", cursor: 0 })).editor.text).toBe("a");
});

test("the history is walked through, and searched by words", () => {
  const history = ["select 1", "insert into users", "select 1", "select * from users"];
  const older = recalled(SQL.initial, history, 1);
  expect(older.editor.text).toBe("select * from users");
  expect(recalled(recalled(older, history, 1), history, -1).editor.text).toBe("select * from users");
  expect(recalled(older, history, -1).editor.text).toBe("");
  expect(recalled(SQL.initial, [], 1)).toBe(SQL.initial);
  expect(found(history, "SEL")).toEqual(["select * from users", "select 1"]);
  expect(found(history, "users ins")).toEqual(["insert into users"]);
});
