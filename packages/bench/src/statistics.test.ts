import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, percentile } from "./statistics.ts";

const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 50 });

describe("percentile", () => {
  it("gives the nearest measured value", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it("has at least its share of the values at or below it", () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, rank) => {
        const found = percentile(all, rank);
        expect(all).toContain(found);
        expect(all.filter((value) => value <= found).length).toBeGreaterThanOrEqual(rank * all.length);
      }),
    );
  });

  it("refuses to tell of nothing", () => {
    expect(() => percentile([], 0.5)).toThrow("no values");
  });
});

describe("median", () => {
  it("is the middle value, or the mean of the middle two", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it("does not depend on the order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (all) => {
        expect(median(all.toReversed())).toBe(median(all));
      }),
    );
  });

  it("refuses to tell of nothing", () => {
    expect(() => median([])).toThrow("no values");
  });
});
