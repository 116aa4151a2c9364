import { backoffMs, type BackoffOptions } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** How {@link retry} goes on after a failure. */
export interface RetryOptions extends BackoffOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal;
  /** Total tries, the first included. */
  readonly attemptsMax: number;
  /** False ends the retries at once with that error. */
  readonly isRetryable: (error: unknown) => boolean;
}

/** Runs `task` until it succeeds, an error is not retryable, the tries are used up (then the last error) or `signal` aborts. */
export async function retry<T>(task: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await task(attempt);
    } catch (error) {
      if (attempt + 1 >= options.attemptsMax || !options.isRetryable(error)) throw error;
      await options.clock.sleep(backoffMs(attempt, options, options.random), options.signal);
    }
  }
}
