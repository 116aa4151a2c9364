import { anySignal } from "./abort.ts";
import type { Clock } from "./clock.ts";

/** Reason of the signal that {@link withDeadline} hands out, once the time is over. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";

  constructor(ms: number) {
    super(`not done within ${ms} ms`);
  }
}

/** What {@link withDeadline} needs. */
export interface DeadlineOptions {
  readonly clock: Clock;
  readonly ms: number;
  /** Aborts the task as well, with its own reason. */
  readonly signal: AbortSignal;
}

/** Seen by nobody. One for all tasks: each new one would take down the stack. */
const DONE = new DOMException("done in time", "AbortError");

/** Runs `task` with a signal that aborts after `ms` with {@link DeadlinePassed}. Settles as the task does, and leaves no timer behind. */
export async function withDeadline<T>(
  { clock, ms, signal }: DeadlineOptions,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const late = new AbortController();
  clock.sleep(ms, done.signal).then(
    () => late.abort(new DeadlinePassed(ms)),
    () => undefined,
  );
  try {
    return await task(anySignal(signal, late.signal));
  } finally {
    done.abort(DONE);
  }
}
