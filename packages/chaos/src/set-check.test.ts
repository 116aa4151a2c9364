import { describe, expect, it } from "vitest";
import { madeRecord } from "./made-record.ts";
import { judgeSet } from "./set-check.ts";

const records = [
  madeRecord("a-0"),
  madeRecord("a-1"),
  madeRecord("b-0", { outcome: "unconfirmed" }),
  madeRecord("b-1", { outcome: "unconfirmed" }),
  madeRecord("b-2", { outcome: "refused" }),
];

function judged(entries: Record<string, number>, counters: Record<string, number>) {
  return judgeSet(records, {
    entries: new Map(Object.entries(entries)),
    counters: new Map(Object.entries(counters)),
  });
}

const SOUND = { lost: [], doubled: [], undead: [], strange: [], halved: [], keptUnconfirmed: [] };

describe("judgeSet", () => {
  it("takes an unconfirmed write that is there, and one that is not", () => {
    expect(judged({ "a-0": 1, "a-1": 1, "b-0": 1 }, { a: 2, b: 1 })).toEqual({
      ...SOUND,
      keptUnconfirmed: ["b-0"],
    });
  });

  it.each([
    ["a confirmed write that is not there", { "a-0": 1 }, { a: 1, b: 0 }, { lost: ["a-1"] }],
    ["a write that is there twice", { "a-0": 2, "a-1": 1 }, { a: 3, b: 0 }, { doubled: ["a-0"] }],
    ["a refused write that is there", { "a-0": 1, "a-1": 1, "b-2": 1 }, { a: 2, b: 1 }, { undead: ["b-2"] }],
    ["a row that nobody wrote", { "a-0": 1, "a-1": 1, "z-9": 1 }, { a: 2, b: 0 }, { strange: ["z-9"] }],
    ["a row without its count", { "a-0": 1, "a-1": 1 }, { a: 1, b: 0 }, { halved: ["a"] }],
    ["a count without its row", { "a-0": 1, "a-1": 1 }, { a: 2, b: 1 }, { halved: ["b"] }],
  ])("finds %s", (_name, entries, counters, found) => {
    expect(judged(entries, counters)).toEqual({ ...SOUND, ...found });
  });
});
