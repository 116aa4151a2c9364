import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import type { InputValue } from "@understudy/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlExecutor } from "../src/index.ts";
import { codeOf, openExecutor } from "./open-executor.ts";

const COLUMNS: readonly (readonly [
  definition: string,
  literal: string,
  type: string,
  value: string | number,
])[] = [
  ["TINYINT", "-128", "TINYINT", -128],
  ["TINYINT UNSIGNED", "255", "TINYINT UNSIGNED", 255],
  ["SMALLINT", "-32768", "SMALLINT", -32768],
  ["MEDIUMINT", "8388607", "MEDIUMINT", 8388607],
  ["INT", "-2147483648", "INT", -2147483648],
  ["INT(5) ZEROFILL", "42", "INT UNSIGNED", 42],
  ["BIGINT", "-9223372036854775808", "BIGINT", "-9223372036854775808"],
  ["BIGINT UNSIGNED", "18446744073709551615", "BIGINT UNSIGNED", "18446744073709551615"],
  ["FLOAT", "1.5", "FLOAT", 1.5],
  ["DOUBLE", "0.1e0", "DOUBLE", 0.1],
  ["DOUBLE", "-1.7976931348623157e308", "DOUBLE", -1.7976931348623157e308],
  ["DECIMAL(30,10)", "12345678901234567890.0123456789", "DECIMAL", "12345678901234567890.0123456789"],
  ["YEAR", "2026", "YEAR", 2026],
  ["DATE", "'2026-02-28'", "DATE", "2026-02-28"],
  ["TIME(3)", "'-838:59:58.999'", "TIME", "-838:59:58.999"],
  ["DATETIME(6)", "'2026-02-28 23:59:59.123456'", "DATETIME", "2026-02-28 23:59:59.123456"],
  ["DATETIME", "'1000-01-01 00:00:00'", "DATETIME", "1000-01-01 00:00:00"],
  ["TIMESTAMP(2) NULL", "'2026-02-28 23:59:59.12'", "TIMESTAMP", "2026-02-28 23:59:59.12"],
  ["CHAR(5)", "'äöü'", "CHAR", "äöü"],
  ["VARCHAR(20)", "'a\\'b😀'", "VARCHAR", "a'b😀"],
  ["VARCHAR(20) CHARACTER SET latin1", "'é'", "VARCHAR", "é"],
  ["TEXT", "''", "TEXT", ""],
  ["LONGTEXT", "'long'", "LONGTEXT", "long"],
  ["ENUM('a','b')", "'b'", "ENUM", "b"],
  ["SET('x','y')", "'x,y'", "SET", "x,y"],
  ["BINARY(3)", "x'00ff10'", "BINARY", "AP8Q"],
  ["VARBINARY(9)", "x''", "VARBINARY", ""],
  ["BLOB", "x'80'", "BLOB", "gA=="],
  ["BIT(10)", "b'1000000001'", "BIT", "AgE="],
  ["JSON", `'{"a": [1, 12345678901234567890]}'`, "JSON", '{"a": [1, 12345678901234567890]}'],
];

const IS_TEXT = /^(?:VARCHAR|CHAR|\w*TEXT|ENUM|SET|JSON)$/;

for (const flavour of testFlavours()) {
  describe(`values on ${flavour}`, () => {
    let server: DatabaseServer;
    let executor: SqlExecutor;

    beforeAll(async () => {
      server = await openTestServer(flavour);
      executor = await openExecutor(server);
      await executor.execute({ sql: "CREATE DATABASE d" });
      const definitions = COLUMNS.map(([definition], index) => `c${index} ${definition}`).join(", ");
      await executor.execute({
        sql: `CREATE TABLE all_types (id INT PRIMARY KEY, ${definitions})`,
        database: "d",
      });
    });

    afterAll(async () => {
      await executor?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    test("each column type comes out as its kind of value", async () => {
      const literals = COLUMNS.map(([, literal]) => literal).join(", ");
      await executor.execute({ sql: `INSERT INTO all_types VALUES (1, ${literals})`, database: "d" });
      const { columns, rows } = await executor.query({
        sql: "SELECT * FROM all_types WHERE id = 1",
        database: "d",
        rows: "arrays",
      });
      const [row] = rows;
      const found = Array.isArray(row) ? row.slice(1) : [];
      expect(columns.slice(1).map(({ type }) => type)).toEqual(COLUMNS.map(([, , type]) => type));
      expect(found).toEqual(COLUMNS.map(([, , , value]) => value));
      expect(columns.slice(1).map(({ charset }) => charset)).toEqual(
        COLUMNS.map(([, , type]) => (IS_TEXT.test(type) ? "utf8mb4" : null)),
      );
    });

    test("NULL is null in each column, and nullability is told", async () => {
      await executor.execute({ sql: "INSERT INTO all_types (id) VALUES (2)", database: "d" });
      const { columns, rows } = await executor.query({
        sql: "SELECT * FROM all_types WHERE id = 2",
        database: "d",
        rows: "arrays",
      });
      const [row] = rows;
      expect(row).toEqual([2, ...COLUMNS.map(() => null)]);
      expect(columns.map(({ nullable }) => nullable)).toEqual([false, ...COLUMNS.map(() => true)]);
    });

    test("bound values come back unchanged, whatever they hold", async () => {
      await executor.execute({
        sql: "CREATE TABLE bound (id INT AUTO_INCREMENT PRIMARY KEY, t LONGTEXT, b LONGBLOB, i BIGINT UNSIGNED, n DECIMAL(40,5), d DATETIME(6), j JSON, f DOUBLE)",
        database: "d",
      });
      const texts = [
        "'; DROP TABLE bound; -- ",
        "\\",
        "\\'",
        '"',
        "\u0000",
        "a\nb\r\u001a",
        "😀ﷺ",
        "?",
        ":x",
        "%_",
        "/*",
      ];
      for (const text of texts) {
        const params: Record<string, InputValue> = {
          text,
          blob: { $type: "blob", value: Buffer.from(text).toString("base64") },
          big: { $type: "bigint", value: "18446744073709551615" },
          decimal: { $type: "decimal", value: "-12345678901234567890123456789012345.00001" },
          date: { $type: "datetime", value: "2026-02-28T01:02:03.000004" },
          json: { $type: "json", value: JSON.stringify({ text }) },
          float: -0.1,
        };
        await executor.execute({
          sql: "INSERT INTO bound (t, b, i, n, d, j, f) VALUES (:text, :blob, :big, :decimal, :date, :json, :float)",
          params,
          database: "d",
        });
        const { rows } = await executor.query({
          sql: "SELECT t, b, i, n, d, j, f FROM bound WHERE t = BINARY ? ORDER BY id DESC LIMIT ?",
          params: [text, 1],
          database: "d",
        });
        const [row] = rows;
        expect(row).toMatchObject({
          t: text,
          b: Buffer.from(text).toString("base64"),
          i: "18446744073709551615",
          n: "-12345678901234567890123456789012345.00001",
          d: "2026-02-28 01:02:03.000004",
          f: -0.1,
        });
        expect(!Array.isArray(row) && JSON.parse(String(row?.["j"]))).toEqual({ text });
      }
    });

    test("a value that does not fit is refused and nothing is written", async () => {
      await executor.execute({
        sql: "CREATE TABLE tight (id INT PRIMARY KEY, t VARCHAR(3), i TINYINT, d DATE)",
        database: "d",
      });
      const insert = "INSERT INTO tight VALUES (1, ?, ?, ?)";
      expect(await codeOf(executor.execute({ sql: insert, params: ["long", 1, null], database: "d" }))).toBe(
        "invalid-value",
      );
      expect(await codeOf(executor.execute({ sql: insert, params: ["a", 300, null], database: "d" }))).toBe(
        "invalid-value",
      );
      expect(await codeOf(executor.execute({ sql: insert, params: ["a", "x", null], database: "d" }))).toBe(
        "invalid-value",
      );
      expect(
        await codeOf(executor.execute({ sql: insert, params: ["a", 1, "2026-02-30"], database: "d" })),
      ).toBe("invalid-value");
      expect((await executor.query({ sql: "SELECT * FROM tight", database: "d" })).rowCount).toBe(0);
    });

    test("an insert id beyond 2^53 keeps all its digits", async () => {
      await executor.execute({
        sql: "CREATE TABLE wide (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT = 18446744073709551610",
        database: "d",
      });
      const { insertId } = await executor.execute({ sql: "INSERT INTO wide (v) VALUES (1)", database: "d" });
      expect(insertId).toBe("18446744073709551610");
    });

    test("objects never lose a column: same names are refused, odd names are kept", async () => {
      expect(await codeOf(executor.query({ sql: "SELECT 1 AS a, 2 AS a" }))).toBe("invalid-request");
      const both = await executor.query({ sql: "SELECT 1 AS a, 2 AS a", rows: "arrays" });
      expect(both.rows[0]).toHaveLength(2);
      const { rows } = await executor.query({ sql: "SELECT 'x' AS `__proto__`, 'y' AS `constructor`" });
      expect(JSON.stringify(rows)).toBe('[{"__proto__":"x","constructor":"y"}]');
    });

    test("a statement and an answer beyond 16 MiB go through whole", async () => {
      await executor.execute({ sql: "CREATE TABLE large (id INT PRIMARY KEY, t LONGTEXT)", database: "d" });
      const t = "é".repeat(9 * 1024 * 1024);
      await executor.execute({ sql: "INSERT INTO large VALUES (1, ?)", params: [t], database: "d" });
      const { rows } = await executor.query({ sql: "SELECT t FROM large", database: "d", rows: "arrays" });
      const [row] = rows;
      expect(Array.isArray(row) && row[0] === t).toBe(true);
    });
  });
}
