import type { Clock } from "./clock.ts";

/** What {@link sleepOrWake} waits for. */
export interface SleepOrWakeOptions {
  readonly clock: Clock;
  readonly ms: number;
  /** Ends the sleep early. */
  readonly woken: Promise<void>;
  readonly signal: AbortSignal;
}

/** Seen by nobody. One for all sleeps: each new one would take down the stack, and a node sleeps often. */
const WOKEN = new DOMException("woken", "AbortError");

/** Resolves after `ms` or as soon as `woken` resolves, and leaves no timer behind; rejects with the signal's reason. */
export async function sleepOrWake({ clock, ms, woken, signal }: SleepOrWakeOptions): Promise<void> {
  const wake = new AbortController();
  const sleeping = clock.sleep(ms, AbortSignal.any([signal, wake.signal]));
  try {
    await Promise.race([sleeping, woken]);
  } finally {
    wake.abort(WOKEN);
    sleeping.catch(() => undefined);
  }
}
