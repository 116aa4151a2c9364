import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bigint, blob, datetime, decimal, encodeValues, json } from "./values.ts";

describe("encodeValues", () => {
  it("gives what JSON cannot say a tag, wherever it stands, and leaves the rest alone", () => {
    const at = new Date(Date.UTC(2026, 0, 31, 23, 59, 59, 7));
    const encoded = encodeValues({
      sql: "x",
      params: [1, "a", null, true, 10n, new Uint8Array([255, 0]), Buffer.from("hi"), at],
      where: { a: { $in: [1n] }, b: at },
      records: [{ a: 1n }, { a: decimal("1.50") }],
      timeoutMs: undefined,
    });
    const datetimeTag = { $type: "datetime", value: "2026-01-31 23:59:59.007" };
    expect(encoded).toEqual({
      sql: "x",
      params: [
        1,
        "a",
        null,
        true,
        { $type: "bigint", value: "10" },
        { $type: "blob", value: "/wA=" },
        { $type: "blob", value: "aGk=" },
        datetimeTag,
      ],
      where: { a: { $in: [{ $type: "bigint", value: "1" }] }, b: datetimeTag },
      records: [{ a: { $type: "bigint", value: "1" } }, { a: { $type: "decimal", value: "1.50" } }],
    });
    expect(encoded).not.toHaveProperty("timeoutMs");
  });

  it("keeps a column that is called __proto__", () => {
    const record: unknown = JSON.parse('{"record": {"__proto__": 1}}');
    expect(JSON.stringify(encodeValues(record as object))).toBe('{"record":{"__proto__":1}}');
  });

  it.each([
    ["an undefined value", { params: [undefined] }, "/params/0"],
    ["an undefined column", { record: { a: undefined } }, "/record/a"],
    ["NaN", { params: { a: Number.NaN } }, "/params/a"],
    ["a function", { set: { a: () => 1 } }, "/set/a"],
    ["a Map", { records: [{ a: new Map() }] }, "/records/0/a"],
  ])("refuses %s and names its place", (_what, request, path) => {
    expect(() => encodeValues(request)).toThrow(
      expect.objectContaining({
        code: "invalid-value",
        details: { path },
        message: expect.stringContaining(path),
      }),
    );
  });

  it("refuses what refers to itself", () => {
    const loop: Record<string, unknown> = {};
    loop["a"] = loop;
    expect(() => encodeValues({ record: loop })).toThrow(expect.objectContaining({ code: "invalid-value" }));
  });

  it("loses no byte and no digit", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (bytes, number) => {
        expect(new Uint8Array(Buffer.from(blob(bytes).value, "base64"))).toEqual(new Uint8Array(bytes));
        expect(BigInt(bigint(number).value)).toBe(number);
      }),
    );
  });
});

describe("the tags", () => {
  it("are made of what a caller has at hand", () => {
    expect(bigint("18446744073709551615")).toEqual({ $type: "bigint", value: "18446744073709551615" });
    expect(datetime("2026-01-31 23:59:59.123456")).toEqual({
      $type: "datetime",
      value: "2026-01-31 23:59:59.123456",
    });
    expect(json({ a: [1, null] })).toEqual({ $type: "json", value: '{"a":[1,null]}' });
    const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    expect(blob(view)).toEqual({ $type: "blob", value: "AgM=" });
  });

  it("refuse what they cannot say", () => {
    for (const make of [
      () => bigint("1.5"),
      () => json(undefined),
      () => datetime(new Date(Number.NaN)),
      () => datetime(new Date(8.64e15)),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code: "invalid-value" }));
    }
  });
});
