import type { Clock } from "./clock.ts";

/** What {@link sleepOrWake} waits for. */
export interface SleepOrWakeOptions {
  readonly clock: Clock;
  readonly ms: number;
  /** Ends the sleep early. */
  readonly woken: Promise<void>;
  readonly signal: AbortSignal;
}

/** Resolves after `ms` or as soon as `woken` resolves, and leaves no timer behind; rejects with the signal's reason. */
export async function sleepOrWake({ clock, ms, woken, signal }: SleepOrWakeOptions): Promise<void> {
  const wake = new AbortController();
  const sleeping = clock.sleep(ms, AbortSignal.any([signal, wake.signal]));
  try {
    await Promise.race([sleeping, woken]);
  } finally {
    wake.abort();
    sleeping.catch(() => undefined);
  }
}
