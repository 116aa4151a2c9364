import { randomToken } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** Visible ASCII without a space: what every header, log and column carries unchanged. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Keys that a forwarding slave makes for a request that came without one. */
const FORWARDED_PREFIX = "fwd-";

/** The value of an `idempotency-key` header; null where there is none. Throws `invalid-request` for what is no key. */
export function parseIdempotencyKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === "string" && KEY.test(header)) return header;
  throw new UnderstudyError(
    "invalid-request",
    "an idempotency-key is 1 to 255 visible ASCII characters without a space",
    { details: { parameter: "idempotency-key" } },
  );
}

/** A key for a write that a slave passes on, so that it can send it again. */
export function newForwardingKey(): string {
  return FORWARDED_PREFIX + randomToken(18);
}

/** True for a key that no client knows: its answer is kept for the retries of one slave only. */
export function isForwardingKey(key: string): boolean {
  return key.startsWith(FORWARDED_PREFIX);
}
