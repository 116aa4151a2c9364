import { describe, expect, it } from "vitest";
import { ratioOf, ratiosOf, type Comparison } from "./measurement.ts";
import { turnsOf } from "./turns.ts";

const speed: Comparison = {
  measure: "writes",
  peer: "native",
  unit: "writes/s",
  better: "higher",
  ours: [200, 100, 90],
  theirs: [100, 100, 30],
};

describe("ratioOf", () => {
  it("is above 1 where ours was better, whether more or less is better", () => {
    expect(ratioOf(speed)).toBe(2);
    expect(ratioOf({ ...speed, better: "lower" })).toBe(0.5);
  });

  it("compares each round with itself", () => {
    // medians alone would say 100 : 100
    expect(ratiosOf(speed)).toEqual([2, 1, 3]);
  });
});

describe("turnsOf", () => {
  it("lets everybody come first in turn, and nobody be left out", () => {
    const rounds = [0, 1, 2, 3].map((round) => turnsOf(["a", "b", "c"], round).join(""));
    expect(rounds).toEqual(["abc", "bca", "cab", "abc"]);
  });
});
