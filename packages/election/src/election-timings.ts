/** How fast an election by lease goes, in ms. */
export interface ElectionTimings {
  /** A lease that is not renewed for so long is over in the store. */
  readonly ttlMs: number;
  readonly renewEveryMs: number;
  /** So much earlier than the store the holder regards its lease as over. */
  readonly marginMs: number;
  /** How long one request to the store may take. */
  readonly requestTimeoutMs: number;
  /** How long a candidate waits for those that should come first. */
  readonly roundMs: number;
}

export const DEFAULT_TIMINGS: ElectionTimings = {
  ttlMs: 5000,
  renewEveryMs: 1000,
  marginMs: 1000,
  requestTimeoutMs: 1000,
  roundMs: 1000,
};

/** Why these timings don't add up, as one sentence; null where they do. */
export function timingProblem(timings: ElectionTimings): string | null {
  const { ttlMs, renewEveryMs, marginMs, requestTimeoutMs } = timings;
  if (renewEveryMs + 2 * requestTimeoutMs <= ttlMs - marginMs) return null;
  return `a renewal every ${renewEveryMs} ms and two tries of ${requestTimeoutMs} ms take longer than the lease of ${ttlMs} ms less its margin of ${marginMs} ms: one lost request would end the lead`;
}
