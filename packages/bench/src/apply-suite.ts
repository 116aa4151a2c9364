import { differencesOf } from "./checksums.ts";
import type { Comparison, Observation, SuiteResult } from "./measurement.ts";
import { writePile } from "./pile.ts";
import { processorSecondsOf } from "./processor-time.ts";
import type { Replica } from "./replica.ts";
import { startAndCatchUp, type CatchUpTimes } from "./server-position.ts";
import { median } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { turnsOf } from "./turns.ts";

const CATCH_UP_TIMEOUT_MS = 180_000;

/** What one replica took in one round. */
interface Taken extends CatchUpTimes {
  /** Of source, replica and, on our side, both nodes, from the order to start on. */
  readonly processorSeconds: number;
}

/**
 * Small transactions pile up in the source's binlog while every replica is stopped. Then one replica after another is started and
 * timed, alone, from its first transaction to its last.
 */
export async function runApplySuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  const { scale, signal, tell } = context;
  const times = new Map<Replica, Taken[]>(bed.replicas.map((replica) => [replica, []]));
  const problems: string[] = [];
  await bed.ours.master.start();
  // tables and what other suites left behind are no part of the measurement
  for (const replica of bed.replicas) {
    await startAndCatchUp(bed, replica, { timeoutMs: CATCH_UP_TIMEOUT_MS, signal });
    await replica.stop();
  }
  for (let round = 0; round < context.rounds; round++) {
    tell(`apply, round ${round + 1}: ${scale.applyTransactions} transactions pile up`);
    await writePile(bed.source, scale.applyTransactions, signal);
    for (const replica of turnsOf(bed.replicas, round)) {
      const taken = await take(bed, replica, signal);
      await replica.stop();
      times.get(replica)?.push(taken);
      tell(
        `  ${replica.name}: ${(taken.applyMs / 1000).toFixed(2)} s, began after ${(taken.toFirstMs / 1000).toFixed(2)} s, ${taken.processorSeconds.toFixed(1)} s of processor time`,
      );
    }
    problems.push(...(await differencesOf(bed, bed.replicas)));
  }
  await bed.ours.rest();
  return { ...figuresOf(bed, times, scale.applyTransactions), problems };
}

async function take(bed: Testbed, replica: Replica, signal: AbortSignal): Promise<Taken> {
  const before = await processorSecondsOf([bed.source.pid, ...replica.pids]);
  const times = await startAndCatchUp(bed, replica, { timeoutMs: CATCH_UP_TIMEOUT_MS, signal });
  const after = await processorSecondsOf([bed.source.pid, ...replica.pids]);
  return { ...times, processorSeconds: after - before };
}

function figuresOf(
  bed: Testbed,
  times: ReadonlyMap<Replica, readonly Taken[]>,
  transactions: number,
): { comparisons: Comparison[]; observations: Observation[] } {
  const rates = (replica: Replica): number[] =>
    (times.get(replica) ?? []).map(({ applyMs }) => transactions / (applyMs / 1000));
  const processorSeconds = (replica: Replica): number[] =>
    (times.get(replica) ?? []).map((taken) => taken.processorSeconds);
  const comparisons = bed.natives.flatMap((native): Comparison[] => [
    {
      measure: `apply ${transactions} waiting transactions`,
      peer: native.name,
      unit: "transactions/s",
      better: "higher",
      ours: rates(bed.ours),
      theirs: rates(native),
    },
    {
      measure: "processor time of all that takes part",
      peer: native.name,
      unit: "s",
      better: "lower",
      ours: processorSeconds(bed.ours),
      theirs: processorSeconds(native),
    },
  ]);
  const observations = bed.replicas.map((replica): Observation => ({
    measure: `${replica.name}: from the order to start to the first transaction`,
    unit: "ms",
    value: median((times.get(replica) ?? []).map(({ toFirstMs }) => toFirstMs)),
  }));
  return { comparisons, observations };
}
