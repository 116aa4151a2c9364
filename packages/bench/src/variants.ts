import { loadLatency, type TimedOperation } from "./latency-load.ts";
import type { Comparison } from "./measurement.ts";
import { percentile } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";
import { turnsOf } from "./turns.ts";

/** One way to do the same thing. */
export interface Variant {
  readonly name: string;
  readonly operation: TimedOperation;
  /** Runs before it is measured, each time. */
  readonly prepare?: () => Promise<void>;
}

/** Ways to do the same thing, one of which the others are compared with. */
export interface VariantSet {
  /** What is done, for the table. */
  readonly measure: string;
  /** What the rates are called; null where a rate would say nothing. */
  readonly rateUnit: string | null;
  readonly base: Variant;
  readonly others: readonly Variant[];
}

interface VariantSample {
  readonly variant: Variant;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Measures each variant at each number of connections, in changing order, after a warm-up: the cost of the others beside the base. */
export async function compareVariants(
  set: VariantSet,
  { scale, rounds, signal, tell }: SuiteContext,
): Promise<readonly Comparison[]> {
  const samples: VariantSample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const variant of turnsOf([set.base, ...set.others], round)) {
      await variant.prepare?.();
      const warmUp = { connections: Math.max(...scale.costConnections), durationMs: scale.costWarmUpMs };
      await loadLatency(variant.operation, warmUp);
      for (const connections of scale.costConnections) {
        signal.throwIfAborted();
        const sample = await measure(variant, connections, scale.costMs);
        samples.push(sample);
        tell(
          `${set.measure} ${variant.name}, round ${round + 1}, ${connections} connections: p50 ${sample.p50Ms.toFixed(2)} ms, p99 ${sample.p99Ms.toFixed(2)} ms, ${sample.perSecond.toFixed(0)}/s`,
        );
      }
    }
  }
  return comparisonsOf(set, samples, scale.costConnections);
}

async function measure(variant: Variant, connections: number, durationMs: number): Promise<VariantSample> {
  const { latenciesMs, tookMs } = await loadLatency(variant.operation, { connections, durationMs });
  return {
    variant,
    connections,
    perSecond: latenciesMs.length / (tookMs / 1000),
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}

function comparisonsOf(
  set: VariantSet,
  samples: readonly VariantSample[],
  connections: readonly number[],
): readonly Comparison[] {
  const figures = [
    { name: "p50", unit: "ms", better: "lower", of: (sample: VariantSample) => sample.p50Ms },
    { name: "p99", unit: "ms", better: "lower", of: (sample: VariantSample) => sample.p99Ms },
    ...(set.rateUnit === null
      ? []
      : ([
          {
            name: "rate",
            unit: set.rateUnit,
            better: "higher",
            of: (sample: VariantSample) => sample.perSecond,
          },
        ] as const)),
  ] as const;
  return set.others.flatMap((other) =>
    connections.flatMap((count) =>
      figures.map(({ name, unit, better, of }): Comparison => {
        const valuesOf = (variant: Variant): number[] =>
          samples.filter((it) => it.variant === variant && it.connections === count).map((it) => of(it));
        return {
          measure: `${set.measure} ${other.name}, ${count} conn., ${name}`,
          peer: set.base.name,
          unit,
          better,
          ours: valuesOf(other),
          theirs: valuesOf(set.base),
        };
      }),
    ),
  );
}
