import { UnderstudyError } from "@understudy/protocol";
import { isIPv6 } from "node:net";
import { TokenBucket, type Rate } from "./token-bucket.ts";
import type { KnownToken } from "./token-list.ts";

/** Failures of one address: some at once are a mistake in a configuration, many are noise. */
const FAILURES: Rate = { perSecond: 1, burst: 20 };
/** Buckets kept of each kind; the one that was used longest ago leaves first. */
const BUCKETS_MAX = 10_000;

/** Holds tokens to the rates that their file names, and addresses to a rate of failures. Its memory is bounded. */
export class RateLimits {
  readonly #tokens = new Map<string, TokenBucket>();
  readonly #failures = new Map<string, TokenBucket>();

  /** Counts a request of a token. Throws `rate-limited`. */
  countRequest({ name, requestsPerSecond }: KnownToken, nowMs: number): void {
    if (requestsPerSecond === null) return;
    const burst = Math.max(1, 2 * requestsPerSecond);
    // under another rate it is another bucket
    const rate = { perSecond: requestsPerSecond, burst };
    const bucket = bucketOf(this.#tokens, `${name} ${requestsPerSecond}`, { rate, nowMs });
    const waitMs = bucket.take(nowMs);
    if (waitMs > 0) {
      throw limited(
        `the token ${JSON.stringify(name)} may send ${requestsPerSecond} requests a second to a node`,
        waitMs,
      );
    }
  }

  /**
   * Counts a request whose token is not right. Throws `rate-limited` where the address has sent too many: a token can't be guessed anyway, but
   * each try would cost a line of the log. Whoever has a right token is not held up by others of the same address.
   */
  countFailure(address: string, nowMs: number): void {
    const waitMs = bucketOf(this.#failures, networkOf(address), { rate: FAILURES, nowMs }).take(nowMs);
    if (waitMs > 0)
      throw limited("too many requests from this address brought no token that is right", waitMs);
  }
}

function bucketOf(
  buckets: Map<string, TokenBucket>,
  key: string,
  { rate, nowMs }: { readonly rate: Rate; readonly nowMs: number },
): TokenBucket {
  const bucket = buckets.get(key) ?? new TokenBucket(rate, nowMs);
  buckets.delete(key);
  buckets.set(key, bucket);
  if (buckets.size > BUCKETS_MAX) {
    const [oldest] = buckets.keys();
    if (oldest !== undefined) buckets.delete(oldest);
  }
  return bucket;
}

/** Of IPv6 the first 64 bits: one machine has all that are below them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [left = [], right = []] = address
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}

function limited(reason: string, waitMs: number): UnderstudyError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new UnderstudyError("rate-limited", `${reason}; try again in ${retryAfterSeconds} s`, {
    details: { retryAfterSeconds },
  });
}
