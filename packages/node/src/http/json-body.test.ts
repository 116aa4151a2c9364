import { describe, expect, it } from "vitest";
import { jsonTextOf, refuseInexactIntegers } from "./json-body.ts";

describe("jsonTextOf", () => {
  it("gives text in UTF-8 and refuses other bytes", () => {
    expect(jsonTextOf(Buffer.from('{"a": "Grüße 🎭"}'))).toBe('{"a": "Grüße 🎭"}');
    expect(() => jsonTextOf(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/not UTF-8/);
  });
});

describe("refuseInexactIntegers", () => {
  it.each([
    "9007199254740991",
    "-9007199254740991",
    JSON.stringify([2 ** 53, 2 ** 60, -(2 ** 62), 3.1718e17]),
    "[1, 12345.12345678901234567890, 1e300, 12345678901234567890.5, 12345678901234567890e2, -1.2345678901234567e-300]",
    '{"a": "12345678901234567890", "b": "\\"12345678901234567890", "12345678901234567890": 1}',
    '"never closed 12345678901234567890',
  ])("lets %s pass", (text) => {
    expect(() => refuseInexactIntegers(text)).not.toThrow();
  });

  it.each([
    "9007199254740993",
    "-9007199254740993",
    "12345678901234567890",
    '{"a": "\\\\", "b": 12345678901234567890}',
    '["x", 18446744073709551615]',
    "[1,9223372036854775807]",
  ])("refuses %s", (text) => {
    expect(() => refuseInexactIntegers(text)).toThrow(expect.objectContaining({ code: "invalid-request" }));
  });

  it("takes a long text of quotes and backslashes in one pass", () => {
    const text = `{"a": "${'\\"'.repeat(1_000_000)}", "b": 1234567890123456}`;
    expect(() => refuseInexactIntegers(text)).not.toThrow();
  });
});
