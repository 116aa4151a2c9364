import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPosition, parsePosition, parsePositions } from "./position.ts";

const epochArbitrary = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const mysqlSetArbitrary = fc
  .array(fc.tuple(fc.uuid(), fc.option(fc.stringMatching(/^[a-z_][a-z0-9_]{0,31}$/)), fc.nat(), fc.nat()), {
    maxLength: 5,
  })
  .map((parts) =>
    parts
      .map(([uuid, tag, from, to]) => [uuid, ...(tag === null ? [] : [tag]), `${from}-${to}`].join(":"))
      .join(","),
  );
const mariadbListArbitrary = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), { maxLength: 5 })
  .map((parts) => parts.map((numbers) => numbers.join("-")).join(","));

describe("position", () => {
  it("survives its own text, for both flavours and the empty history", () => {
    fc.assert(
      fc.property(epochArbitrary, fc.oneof(mysqlSetArbitrary, mariadbListArbitrary), (epoch, gtid) => {
        const position = { epoch, gtid };
        expect(parsePosition(formatPosition(position))).toEqual(position);
      }),
    );
    expect(parsePosition("0:")).toEqual({ epoch: 0n, gtid: "" });
  });

  it("drops the line breaks with which MySQL prints long sets, so that it fits a header", () => {
    const gtid = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,\n4e11fa47-71ca-11e1-9e33-c80aa9429562:1";
    expect(formatPosition({ epoch: 7n, gtid })).toBe(
      "7:3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,4e11fa47-71ca-11e1-9e33-c80aa9429562:1",
    );
  });

  it.each([
    "",
    "7",
    ":0-1-1",
    "-1:0-1-1",
    "x:0-1-1",
    "7:0-1-1; DROP TABLE t",
    "7:0-1-1\n",
    "7:'",
    "12345678901234567890:",
  ])("refuses %j", (text) => {
    expect(() => parsePosition(text)).toThrow(expect.objectContaining({ code: "invalid-request" }));
  });

  it("quotes no more than the beginning of what it refuses", () => {
    const text = "'".repeat(100_000);
    expect(() => parsePosition(text)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{20,120}$/) }),
    );
  });
});

describe("parsePositions", () => {
  it("reads one position as one, and several between spaces, up to 16", () => {
    expect(parsePositions("7:0-1-5")).toEqual([{ epoch: 7n, gtid: "0-1-5" }]);
    expect(parsePositions("7:0-1-5 8:0-2-6")).toEqual([
      { epoch: 7n, gtid: "0-1-5" },
      { epoch: 8n, gtid: "0-2-6" },
    ]);
    expect(parsePositions(Array(16).fill("7:0-1-5").join(" "))).toHaveLength(16);
  });

  it.each(["", " ", "7:0-1-5 ", "7:0-1-5  8:0-2-6", Array(17).fill("7:0-1-5").join(" ")])(
    "refuses %j",
    (text) => {
      expect(() => parsePositions(text)).toThrow(expect.objectContaining({ code: "invalid-request" }));
    },
  );
});
