import type { Random } from "./random.ts";

/** Bounds of {@link backoffMs}. */
export interface BackoffOptions {
  /** Upper bound of the first wait. */
  readonly baseMs: number;
  /** Upper bound of any wait. */
  readonly maxMs: number;
}

/**
 * How long to wait before try number `attempt` (0 = the first retry): exponential back-off with full jitter, which
 * spreads clients best when many lose the same server at once.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling * random());
}
