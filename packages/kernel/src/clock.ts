import { setTimeout as delay } from "node:timers/promises";

/** Time as a dependency, so that tests can turn it by hand. */
export interface Clock {
  /** Wall clock in milliseconds since 1970. It may jump: use it for what people read and for timestamps on the wire. */
  nowMs(): number;
  /** Milliseconds that only grow, from an arbitrary start. Use it for every duration. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
