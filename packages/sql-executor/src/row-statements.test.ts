import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorCodeOf, type InputValue } from "@understudy/protocol";
import { bindParams } from "./bind-params.ts";
import {
  buildCreateDatabase,
  buildCreateTable,
  buildDelete,
  buildDropDatabase,
  buildDropTable,
  buildInsert,
  buildSelect,
  buildUpdate,
  type BuiltStatement,
} from "./row-statements.ts";
import { SqlLexer } from "./sql-lexer.ts";

const name = fc
  .oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
    fc.constantFrom("`", "a`b", "a' OR 1=1 -- ", "x; DROP TABLE t", "?", ":x", "@", "$&"),
  )
  .filter((text) => !text.includes("\u0000") && text.length <= 64 && text.isWellFormed())
  .map((text) => text.replace(/ +$/, "") || "x");
const value: fc.Arbitrary<InputValue> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom("'; DROP TABLE t; --", "\\", "?", "`", { $type: "bigint" as const, value: "1" }),
);

/** Tokens of the bound statement: names and strings by their kind, everything else as it is. */
function skeleton(built: BuiltStatement): string[] {
  const lexer = new SqlLexer(bindParams(built.sql, built.params));
  const parts: string[] = [];
  while (lexer.next()) {
    const { kind } = lexer;
    parts.push(
      kind === "word" || kind === "punctuation"
        ? lexer.value
        : kind === "number" || kind === "string"
          ? "value"
          : kind,
    );
  }
  return parts
    .map((part) => (["NULL", "TRUE", "FALSE"].includes(part) ? "value" : part))
    .filter((part) => part !== "-");
}

function codeOf(work: () => unknown): string {
  try {
    work();
    return "ok";
  } catch (error) {
    return errorCodeOf(error);
  }
}

const table = { database: "d", table: "t" };

describe("row statements", () => {
  test("no name and no value changes what a statement is", () => {
    fc.assert(
      fc.property(name, name, name, value, value, (database, tableName, column, first, second) => {
        const at = { database, table: tableName };
        const n = "quoted-name";
        expect(skeleton(buildInsert({ ...at, record: { [column]: first }, onDuplicate: "error" }))).toEqual([
          "INSERT",
          "INTO",
          n,
          ".",
          n,
          "(",
          n,
          ")",
          "VALUES",
          "(",
          "value",
          ")",
        ]);
        const filter = { [column]: { $ne: second ?? 0 } };
        expect(skeleton(buildUpdate({ ...at, set: { [column]: first }, where: filter, all: false }))).toEqual(
          ["UPDATE", n, ".", n, "SET", n, "=", "value", "WHERE", n, "<", ">", "value"],
        );
        expect(skeleton(buildDelete({ ...at, where: filter, all: false }))).toEqual([
          "DELETE",
          "FROM",
          n,
          ".",
          n,
          "WHERE",
          n,
          "<",
          ">",
          "value",
        ]);
        const select = buildSelect({
          ...at,
          columns: [column],
          where: filter,
          orderBy: [{ column, direction: "desc" }],
          limit: 1,
          offset: 0,
        });
        expect(skeleton(select)).toEqual([
          "SELECT",
          n,
          "FROM",
          n,
          ".",
          n,
          "WHERE",
          n,
          "<",
          ">",
          "value",
          "ORDER",
          "BY",
          n,
          "DESC",
          "LIMIT",
          "value",
          "OFFSET",
          "value",
        ]);
        const create = buildCreateTable({
          ...at,
          columns: [{ name: column, type: "INT", default: first }],
          ifNotExists: false,
        });
        expect(skeleton(create)).toEqual([
          "CREATE",
          "TABLE",
          n,
          ".",
          n,
          "(",
          n,
          "INT",
          "DEFAULT",
          "value",
          ")",
        ]);
        expect(skeleton(buildDropTable({ ...at, ifExists: false }))).toEqual(["DROP", "TABLE", n, ".", n]);
        expect(skeleton(buildCreateDatabase({ name: database, ifNotExists: false }))).toEqual([
          "CREATE",
          "DATABASE",
          n,
        ]);
        expect(skeleton(buildDropDatabase({ name: database, ifExists: true }))).toEqual([
          "DROP",
          "DATABASE",
          "IF",
          "EXISTS",
          n,
        ]);
      }),
    );
  });

  test("a text condition never gets out of its parentheses", () => {
    const piece = fc.constantFrom(
      "a",
      "=",
      "1",
      "(",
      ")",
      "'",
      "\\",
      "`",
      '"',
      "--",
      " ",
      "#",
      "/*",
      "*/",
      ";",
      "OR",
      ",",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 15 }), (pieces) => {
        const sql = pieces.join("");
        let built: BuiltStatement;
        try {
          built = buildDelete({ ...table, where: { sql }, all: false });
        } catch (error) {
          expect(errorCodeOf(error)).toBe("invalid-request");
          return;
        }
        const lexer = new SqlLexer(built.sql);
        let depth = 0;
        const outside: string[] = [];
        while (lexer.next()) {
          if (lexer.value === ")" && lexer.kind === "punctuation") depth--;
          if (depth === 0) outside.push(lexer.value);
          if (lexer.value === "(" && lexer.kind === "punctuation") depth++;
        }
        expect(outside.join(" ")).toBe("DELETE FROM `d` . `t` WHERE ( )");
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    "(SELECT 1)",
    "SELECT 1",
    " select * from d.u",
    "WITH c AS (SELECT 1) SELECT 1",
    "TABLE d.u",
    "LIKE d.u",
    "?",
  ])("refuses %s in the place of columns", (columns) => {
    expect(codeOf(() => buildCreateTable({ ...table, columns, ifNotExists: false }))).toBe("invalid-request");
  });

  test.each(["`select` INT", "id INT", "PRIMARY KEY (id), id INT", "表 INT", "likes INT"])(
    "takes the columns %s as they are",
    (columns) => {
      expect(buildCreateTable({ ...table, columns, ifNotExists: false }).sql).toContain(`(${columns})`);
    },
  );

  test.each(["1) OR (1", "1; DROP TABLE t", "1 -- ", "1 #", "1 /* x */", "/*! 1 */", "'open", "(1", "", " "])(
    "refuses the condition %s",
    (sql) => {
      expect(codeOf(() => buildDelete({ ...table, where: { sql }, all: false }))).toBe("invalid-request");
      expect(codeOf(() => buildCreateTable({ ...table, columns: sql, ifNotExists: false }))).toBe(
        "invalid-request",
      );
    },
  );

  test.each([
    "INT) ENGINE=MyISAM",
    "INT, x INT",
    "INT; DROP",
    "INT -- ",
    "INT DEFAULT (1)",
    "(INT)",
    "INT(SELECT 1)",
    "",
    "ENUM('a'",
    "`INT`",
    "VARCHAR(10) COLLATE 'x'",
    "INT AS (1)",
  ])("refuses the type %s", (type) => {
    const columns = [{ name: "a", type }];
    expect(codeOf(() => buildCreateTable({ ...table, columns, ifNotExists: false }))).toBe("invalid-request");
  });

  test.each([
    "INT",
    "bigint unsigned",
    "DECIMAL(10,2)",
    "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "ENUM('a','b)')",
    "DOUBLE PRECISION",
    "DATETIME(6)",
    "JSON",
  ])("takes the type %s", (type) => {
    const columns = [{ name: "a", type }];
    expect(buildCreateTable({ ...table, columns, ifNotExists: true }).sql).toBe(
      `CREATE TABLE IF NOT EXISTS \`d\`.\`t\` (\`a\` ${type})`,
    );
  });

  test("column definitions carry all that they say", () => {
    const built = buildCreateTable({
      ...table,
      ifNotExists: false,
      columns: [
        { name: "id", type: "BIGINT", primaryKey: true, autoIncrement: true },
        { name: "t", type: "TEXT", default: "x", nullable: false, unique: true },
        { name: "at", type: "DATETIME(6)", default: "CURRENT_TIMESTAMP(6)" },
      ],
    });
    expect(built.sql).toBe(
      "CREATE TABLE `d`.`t` (`id` BIGINT AUTO_INCREMENT, `t` TEXT NOT NULL DEFAULT (?) UNIQUE, `at` DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), PRIMARY KEY (`id`))",
    );
    expect(built.params).toEqual(["x"]);
  });

  test("conditions on columns are and-ed, null and lists included", () => {
    const where = {
      a: null,
      b: { $in: [1, null] },
      c: { $gte: 1, $lt: 5 },
      d: { $isNull: false },
      e: { $ne: null },
    };
    expect(buildDelete({ ...table, where, all: false, limit: 3 })).toEqual({
      sql: "DELETE FROM `d`.`t` WHERE `a` IS NULL AND (`b` IN (?) OR `b` IS NULL) AND `c` >= ? AND `c` < ? AND `d` IS NOT NULL AND `e` IS NOT NULL LIMIT 3",
      params: [1, 1, 5],
    });
    expect(
      buildDelete({ ...table, where: { sql: "a = :x OR b = :x", params: { x: 7 } }, all: false }),
    ).toEqual({
      sql: "DELETE FROM `d`.`t` WHERE (a = ? OR b = ?)",
      params: [7, 7],
    });
    expect(buildDelete({ ...table, where: { sql: "text of a column" }, all: false }).sql).toContain(
      "(text of a column)",
    );
  });

  test("every row is never meant by accident", () => {
    expect(codeOf(() => buildUpdate({ ...table, set: { a: 1 }, all: false }))).toBe("missing-where");
    expect(codeOf(() => buildDelete({ ...table, where: {}, all: false }))).toBe("missing-where");
    expect(buildDelete({ ...table, all: true }).sql).toBe("DELETE FROM `d`.`t`");
    expect(codeOf(() => buildInsert({ ...table, onDuplicate: "error" }))).toBe("invalid-request");
    expect(codeOf(() => buildDelete({ ...table, where: { a: { $in: [] } }, all: false }))).toBe(
      "invalid-request",
    );
    expect(codeOf(() => buildCreateDatabase({ name: "d", charset: "utf8; DROP", ifNotExists: false }))).toBe(
      "invalid-request",
    );
    expect(codeOf(() => buildSelect({ ...table, limit: -1, offset: 0 }))).toBe("invalid-request");
  });

  test("rows of different columns share one statement", () => {
    expect(buildInsert({ ...table, records: [{ a: 1 }, { b: "x" }], onDuplicate: "update" })).toEqual({
      sql: "INSERT INTO `d`.`t` (`a`, `b`) VALUES (?, DEFAULT), (DEFAULT, ?) ON DUPLICATE KEY UPDATE `a` = VALUES(`a`), `b` = VALUES(`b`)",
      params: [1, "x"],
    });
  });
});
