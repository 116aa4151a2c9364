import { expect, it } from "vitest";
import { systemClock } from "@understudy/kernel";
import { QUICK_SCALE } from "./scale.ts";
import { compareVariants, type Variant } from "./variants.ts";

/** Takes a millisecond and says that it took the given ones in turn. */
function variant(name: string, latenciesMs: readonly number[]): Variant {
  return {
    name,
    operation: async (_lane, number) => {
      await systemClock.sleep(1);
      return latenciesMs[number % latenciesMs.length] ?? 0;
    },
  };
}

it("sets each variant beside the base, at each number of connections, in every round", async () => {
  const told: string[] = [];
  const comparisons = await compareVariants(
    {
      measure: "/execute",
      rateUnit: "writes/s",
      base: variant("plain", [2]),
      others: [variant("kept", [3, 3, 3, 9])],
    },
    {
      scale: { ...QUICK_SCALE, costWarmUpMs: 1, costMs: 50, costConnections: [1, 4] },
      rounds: 2,
      signal: AbortSignal.timeout(20_000),
      tell: (line) => told.push(line),
    },
  );
  expect(comparisons.map(({ measure, peer, better }) => [measure, peer, better])).toEqual(
    [1, 4].flatMap((count) => [
      [`/execute kept, ${count} conn., p50`, "plain", "lower"],
      [`/execute kept, ${count} conn., p99`, "plain", "lower"],
      [`/execute kept, ${count} conn., rate`, "plain", "higher"],
    ]),
  );
  const [p50, p99, rate] = comparisons;
  expect([p50?.ours, p50?.theirs]).toEqual([
    [3, 3],
    [2, 2],
  ]);
  expect([p99?.ours, p99?.theirs]).toEqual([
    [9, 9],
    [2, 2],
  ]);
  expect(Math.min(...(rate?.ours ?? [0]))).toBeGreaterThan(0);
  expect(told).toHaveLength(8);
});
