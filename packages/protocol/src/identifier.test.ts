import fc from "fast-check";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { Identifier, IDENTIFIER_CHARACTERS_MAX } from "./identifier.ts";

const accepts = (name: unknown): boolean => Value.Check(Identifier, name);

describe("Identifier", () => {
  it.each([
    "t",
    "order items",
    "`odd`",
    "naïve",
    "表",
    "1st",
    "a.b",
    " leading",
    "x".repeat(64),
    "é".repeat(64),
  ])("accepts %j, which the servers allow when quoted", (name) => expect(accepts(name)).toBe(true));

  it.each([
    "",
    " ",
    "trailing ",
    "nul\u0000",
    "\u0000",
    "a\u0000b",
    "x".repeat(65),
    "🎭",
    "a🎭b",
    "\ud800",
    "a\udc00b",
    null,
    7,
    undefined,
  ])("refuses %j", (name) => expect(accepts(name)).toBe(false));

  it("never accepts NUL, a space at the end or more characters than a server keeps", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (name) => {
        const fits =
          name.length > 0 &&
          !name.includes("\u0000") &&
          !name.endsWith(" ") &&
          Array.from(name).length <= IDENTIFIER_CHARACTERS_MAX;
        expect(accepts(name) && !fits).toBe(false);
      }),
    );
  });
});
