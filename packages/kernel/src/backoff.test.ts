import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

const optionsArbitrary = fc.record({
  baseMs: fc.integer({ min: 1, max: 10_000 }),
  maxMs: fc.integer({ min: 1, max: 3_600_000 }),
});
const attemptArbitrary = fc.integer({ min: 0, max: 10_000 });

describe("backoffMs", () => {
  it("stays between nothing and the smaller of both bounds, for any attempt", () => {
    fc.assert(
      fc.property(
        attemptArbitrary,
        optionsArbitrary,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, options, chance) => {
          const waitMs = backoffMs(attempt, options, () => chance);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThanOrEqual(Math.min(options.maxMs, options.baseMs * 2 ** attempt));
        },
      ),
    );
  });

  it("never waits less for a later attempt under the same chance", () => {
    fc.assert(
      fc.property(attemptArbitrary, optionsArbitrary, (attempt, options) => {
        const chance = (): number => 0.5;
        expect(backoffMs(attempt + 1, options, chance)).toBeGreaterThanOrEqual(
          backoffMs(attempt, options, chance),
        );
      }),
    );
  });

  it("doubles its ceiling from the base up to the maximum", () => {
    const ceilings = [0, 1, 2, 3, 4, 5].map((attempt) =>
      backoffMs(attempt, { baseMs: 100, maxMs: 1_000 }, () => 1),
    );
    expect(ceilings).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });
});
