import { describe, expect, it } from "vitest";
import { isObject, isRecord, parseJson } from "./json.ts";

describe("what JSON text holds", () => {
  it.each([
    ['{"a":1}', { a: 1 }, true, true],
    ["[1]", [1], true, false],
    ["null", null, false, false],
    ['"{}"', "{}", false, false],
    ["7", 7, false, false],
    ["", undefined, false, false],
    ["{", undefined, false, false],
  ])("%s", (text, value, hasKeys, hasFields) => {
    const parsed = parseJson(text);
    expect(parsed).toEqual(value);
    expect([isObject(parsed), isRecord(parsed)]).toEqual([hasKeys, hasFields]);
  });
});
