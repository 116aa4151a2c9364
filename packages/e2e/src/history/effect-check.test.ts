import { describe, expect, it } from "vitest";
import { effectFaults } from "./effect-check.ts";
import { madeOperation } from "./made-operation.ts";

const OPERATIONS = [
  madeOperation({ kind: "mark", key: "m1" }),
  madeOperation({ kind: "mark", key: "m2", outcome: "unknown" }),
  madeOperation({ kind: "mark", key: "m3", outcome: "unknown" }),
  madeOperation({ kind: "mark", key: "m4", outcome: "failed" }),
  madeOperation({ kind: "mark", key: "m5", client: "b" }),
];

function faultsOf(markers: Readonly<Record<string, number>>, counters: Readonly<Record<string, number>>) {
  return effectFaults(OPERATIONS, {
    markers: new Map(Object.entries(markers)),
    counters: new Map(Object.entries(counters)),
  });
}

describe("effectFaults", () => {
  it("takes each confirmed mark once, and unknown ones once or not at all", () => {
    expect(faultsOf({ m1: 1, m3: 1, m5: 1 }, { a: 2, b: 1 })).toEqual([]);
  });

  it.each([
    ["a lost mark", { m1: 1 }, { a: 1 }, "lost: b"],
    ["a doubled one", { m1: 2, m5: 1 }, { a: 2, b: 1 }, "done 2 times: a"],
    ["a doubled unknown one", { m1: 1, m2: 2, m5: 1 }, { a: 3, b: 1 }, "done 2 times: a"],
    ["a failed one that is there", { m1: 1, m4: 1, m5: 1 }, { a: 2, b: 1 }, "failed, but there"],
    ["a stranger", { m1: 1, m5: 1, m9: 1 }, { a: 1, b: 1 }, "never written: m9"],
    ["half of one", { m1: 1, m5: 1 }, { a: 2, b: 1 }, "a has 1 markers, its counter says 2"],
    ["the other half of one", { m1: 1, m5: 1 }, { a: 0, b: 1 }, "a has 1 markers, its counter says 0"],
  ])("finds %s", (_name, markers, counters, words) => {
    expect(faultsOf(markers, counters)).toEqual([expect.stringContaining(words)]);
  });
});
