import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomToken, seededRandom, systemRandom } from "./random.ts";

describe("seededRandom", () => {
  it("gives the same numbers in [0, 1) for the same seed", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const first = seededRandom(seed);
        const second = seededRandom(seed);
        for (let draw = 0; draw < 50; draw++) {
          const value = first();
          expect(value).toBe(second());
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThan(1);
        }
      }),
    );
  });

  it("gives other numbers for another seed, spread over the range", () => {
    expect(seededRandom(1)()).not.toBe(seededRandom(2)());
    const random = seededRandom(42);
    const draws = Array.from({ length: 10_000 }, random);
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    expect(mean).toBeGreaterThan(0.48);
    expect(mean).toBeLessThan(0.52);
  });
});

describe("systemRandom", () => {
  it("stays in [0, 1)", () => {
    for (let draw = 0; draw < 1_000; draw++) {
      const value = systemRandom();
      expect(value >= 0 && value < 1).toBe(true);
    }
  });
});

describe("randomToken", () => {
  it("is text for URLs and files, of the asked strength, never twice the same", () => {
    expect(randomToken()).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(randomToken(3)).toHaveLength(4);
    expect(new Set(Array.from({ length: 100 }, () => randomToken())).size).toBe(100);
  });
});
