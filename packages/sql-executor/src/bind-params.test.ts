import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorCodeOf } from "@understudy/protocol";
import { bindParams } from "./bind-params.ts";
import { SqlLexer } from "./sql-lexer.ts";

function kinds(sql: string): string[] {
  const lexer = new SqlLexer(sql);
  const found: string[] = [];
  while (lexer.next()) found.push(lexer.kind);
  return found;
}

function failure(work: () => unknown): unknown {
  try {
    work();
    return "ok";
  } catch (error) {
    const details = error instanceof Error && "details" in error ? error.details : undefined;
    return [errorCodeOf(error), details];
  }
}

describe("bindParams", () => {
  test("replaces placeholders outside strings, names and comments only", () => {
    expect(bindParams("SELECT '?', `?`, ? -- ?\n, /* ? */ ?", [1, "a"])).toBe(
      "SELECT '?', `?`,  1  -- ?\n, /* ? */  'a' ",
    );
    expect(bindParams("SELECT :a, ':a', :b, :a", { a: null, b: true })).toBe(
      "SELECT  NULL , ':a',  TRUE ,  NULL ",
    );
    expect(bindParams("label: SELECT 1", undefined)).toBe("label: SELECT 1");
    expect(bindParams("SELECT?", [-1])).toBe("SELECT -1 ");
  });

  test("any text becomes one string token, and a literal can't grow into its surroundings", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(kinds(bindParams("a?b", [text]))).toEqual(["word", "string", "word"]);
        expect(kinds(bindParams("'x'+:n/*c*/", { n: text }))).toEqual(["string", "punctuation", "string"]);
      }),
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(Number(bindParams("?", [number]))).toBe(number === 0 ? 0 : number);
      }),
    );
  });

  test("says which parameter is missing or left over", () => {
    expect(failure(() => bindParams("? ?", [1]))).toEqual(["invalid-request", { parameter: 2 }]);
    expect(failure(() => bindParams("?", [1, 2]))).toEqual(["invalid-request", { parameter: 2 }]);
    expect(failure(() => bindParams("?", undefined))).toEqual(["invalid-request", { parameter: 1 }]);
    expect(failure(() => bindParams(":a", { b: 1 }))).toEqual(["invalid-request", { parameter: "a" }]);
    expect(failure(() => bindParams(":a", { a: 1, b: 1 }))).toEqual(["invalid-request", { parameter: "b" }]);
    expect(failure(() => bindParams(":toString", {}))).toEqual([
      "invalid-request",
      { parameter: "toString" },
    ]);
  });

  test.each([
    [{ $type: "blob", value: "AP8Q" }, "_binary x'00ff10'"],
    [{ $type: "bigint", value: "-9223372036854775808" }, "-9223372036854775808"],
    [{ $type: "decimal", value: "1.50" }, "1.50"],
    [{ $type: "datetime", value: "2026-01-31T10:00:00.5" }, "'2026-01-31 10:00:00.5'"],
    [{ $type: "json", value: '{"a":"\'"}' }, '\'{"a":"\\\'"}\''],
  ] as const)("binds %j", (value, literal) => {
    expect(bindParams("?", [value]).trim()).toBe(literal);
  });

  test.each([
    { $type: "blob", value: "not base64!" },
    { $type: "bigint", value: "1; DROP" },
    { $type: "bigint", value: "18446744073709551616" },
    { $type: "decimal", value: "1e5" },
    { $type: "datetime", value: "2026-01-31T10:00:00Z" },
    { $type: "datetime", value: "'" },
    { $type: "json", value: "{" },
    Number.NaN,
    "\ud800",
  ] as const)("refuses %j as a value", (value) => {
    expect(failure(() => bindParams("?", [value]))).toEqual(["invalid-value", { parameter: "1" }]);
  });
});
