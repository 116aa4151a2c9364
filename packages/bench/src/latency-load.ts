import { systemClock } from "@understudy/kernel";
import type { LoadAmount } from "./statement-load.ts";

/** One operation after another on a connection; resolves with how long the measured part of it took. */
export type TimedOperation = (lane: number, number: number) => Promise<number>;

/** What came of a load, one value an operation. */
export interface LatencyResult {
  readonly latenciesMs: readonly number[];
  readonly tookMs: number;
}

/** Keeps one operation under way on each connection for so long. Throws what the first failing operation throws. */
export async function loadLatency(operation: TimedOperation, amount: LoadAmount): Promise<LatencyResult> {
  const latenciesMs: number[] = [];
  const startedMs = systemClock.monotonicMs();
  const work = async (lane: number): Promise<void> => {
    for (let number = 0; systemClock.monotonicMs() - startedMs < amount.durationMs; number++) {
      latenciesMs.push(await operation(lane, number));
    }
  };
  await Promise.all(Array.from({ length: amount.connections }, (_, lane) => work(lane)));
  return { latenciesMs, tookMs: systemClock.monotonicMs() - startedMs };
}

/** Runs one call and resolves with how long it took. */
export async function timed(call: () => Promise<unknown>): Promise<number> {
  const startedMs = systemClock.monotonicMs();
  await call();
  return systemClock.monotonicMs() - startedMs;
}
