import { differencesOf } from "./checksums.ts";
import { startLagLoad } from "./lag-load.ts";
import { probeLag } from "./lag-probe.ts";
import type { Comparison, SuiteResult } from "./measurement.ts";
import type { Replica } from "./replica.ts";
import { startAndCatchUp, waitForSync } from "./server-position.ts";
import { SqlSession } from "./sql-session.ts";
import { percentile } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { turnsOf } from "./turns.ts";
import { takeLanes } from "./workload.ts";

const SYNC_TIMEOUT_MS = 180_000;
const LANES = 4;
/** A source that falls behind its load by more than this makes the figures mean something else. */
const RATE_SHARE_MIN = 0.9;
const PERCENTILES = [
  { name: "p50", rank: 0.5 },
  { name: "p99", rank: 0.99 },
] as const;

/** What was measured on one replica at one rate in one round. */
interface LagSample {
  readonly replica: Replica;
  readonly rate: number;
  readonly lagsMs: readonly number[];
}

/** Lag under a steady load: one replica at a time, the others (and our nodes, while a native one is measured) rest. */
export async function runLagSuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  const { scale, signal } = context;
  const samples: LagSample[] = [];
  const problems: string[] = [];
  for (let round = 0; round < context.rounds; round++) {
    for (const replica of turnsOf(bed.replicas, round)) {
      await startAndCatchUp(bed, replica, { timeoutMs: SYNC_TIMEOUT_MS, signal });
      const warmUpRate = Math.max(...scale.lagRates);
      await measure(bed, { replica, rate: warmUpRate, durationMs: scale.lagWarmUpMs, context });
      for (const rate of scale.lagRates) {
        const { lagsMs, written } = await measure(bed, {
          replica,
          rate,
          durationMs: scale.lagMs,
          context,
        });
        samples.push({ replica, rate, lagsMs });
        const words = PERCENTILES.map(
          ({ name, rank }) => `${name} ${percentile(lagsMs, rank).toFixed(2)} ms`,
        );
        context.tell(
          `lag, round ${round + 1}, ${rate} writes/s, ${replica.name}: ${words.join(", ")} (${lagsMs.length} probes)`,
        );
        const reached = written / (scale.lagMs / 1000);
        if (reached < rate * RATE_SHARE_MIN) {
          problems.push(
            `with ${replica.name}, the source took ${reached.toFixed(0)} writes/s where ${rate} were wanted`,
          );
        }
      }
      problems.push(...(await differencesOf(bed, [replica])));
      await replica.rest();
    }
  }
  return { comparisons: comparisonsOf(bed, samples, scale.lagRates), observations: [], problems };
}

async function measure(
  bed: Testbed,
  options: {
    readonly replica: Replica;
    readonly rate: number;
    readonly durationMs: number;
    readonly context: SuiteContext;
  },
): Promise<{ readonly lagsMs: readonly number[]; readonly written: number }> {
  const { replica, rate, durationMs } = options;
  const { signal } = options.context;
  await using source = await SqlSession.open(bed.source);
  await using target = await SqlSession.open(replica.database);
  await using load = startLagLoad({ url: bed.source.url, rate, durationMs, lanes: takeLanes(LANES) });
  let isOver = false;
  const over = load.done.finally(() => {
    isOver = true;
  });
  const [lagsMs, written] = await Promise.all([
    probeLag({ source, replica: target }, () => isOver, signal),
    over,
  ]);
  await waitForSync(bed, replica, { timeoutMs: SYNC_TIMEOUT_MS, signal });
  return { lagsMs, written };
}

function comparisonsOf(
  bed: Testbed,
  samples: readonly LagSample[],
  rates: readonly number[],
): readonly Comparison[] {
  const valuesOf = (replica: Replica, rate: number, rank: number): number[] =>
    samples
      .filter((sample) => sample.replica === replica && sample.rate === rate)
      .map((sample) => percentile(sample.lagsMs, rank));
  return rates.flatMap((rate) =>
    PERCENTILES.flatMap(({ name, rank }) =>
      bed.natives.map((native): Comparison => ({
        measure: `lag ${name} at ${rate} writes/s`,
        peer: native.name,
        unit: "ms",
        better: "lower",
        ours: valuesOf(bed.ours, rate, rank),
        theirs: valuesOf(native, rate, rank),
      })),
    ),
  );
}
