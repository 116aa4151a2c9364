import { backoffMs, messageOf, orAbort, type Clock, type Random } from "@understudy/kernel";
import type { SandboxProgress } from "./sandbox-progress.ts";

/** A process that can be watched and started again. */
export interface Supervised {
  /** Settles when the running process ends. */
  readonly exited: Promise<unknown>;
  start(): Promise<void>;
}

/** What {@link supervise} needs besides. */
export interface SuperviseOptions {
  /** Who it is, for messages. */
  readonly name: string;
  /** Least time between its end and its next start, in ms. Default 0. */
  readonly restMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProgress: (progress: SandboxProgress) => void;
}

const BACKOFF = { baseMs: 500, maxMs: 15_000 };
/** One that lived this long starts anew without the waits of earlier failures. */
const STABLE_MS = 30_000;

/** Starts a process again whenever it ends, with full-jitter waits between tries, until `signal` aborts. */
export async function supervise(
  target: Supervised,
  options: SuperviseOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, name, onProgress, restMs = 0 } = options;
  let failures = 0;
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    await orAbort(target.exited, signal);
    if (clock.monotonicMs() - startedMs >= STABLE_MS) failures = 0;
    onProgress({ kind: "trouble", text: `${name} has ended unexpectedly; starting it again` });
    for (;;) {
      await clock.sleep(restMs + backoffMs(failures++, BACKOFF, random), signal);
      const restartMs = clock.monotonicMs();
      try {
        await target.start();
        onProgress({ kind: "done", text: `${name} runs again`, tookMs: clock.monotonicMs() - restartMs });
        break;
      } catch (error) {
        onProgress({ kind: "trouble", text: `${name} could not be started again: ${messageOf(error)}` });
      }
    }
  }
}
