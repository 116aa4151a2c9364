import { messageOf, type Clock, type Logger } from "@understudy/kernel";
import type { KeyStore } from "./key-store.ts";

const INTERVAL_MS = 60_000;
/** Between pieces, so that a long purge leaves room for others. */
const PAUSE_MS = 20;
/** A row goes some time after it has ceased to count, so that none vanishes under a look-up. */
const GRACE_MS = 60_000;
/** No node keeps a row for longer (720 hours, and a day for clocks that differ): what says so is forged. */
const KEEP_MS_MAX = 31 * 24 * 3_600_000;

/** Deletes what no longer counts from `understudy.idempotency_keys`, now and once a minute, until `signal` aborts. */
export async function purgeKeys(options: {
  readonly store: Pick<KeyStore, "purge">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { store, clock, logger, signal } = options;
  for (;;) {
    try {
      const nowMs = Math.floor(clock.nowMs());
      while (await store.purge({ beforeMs: nowMs - GRACE_MS, afterMs: nowMs + KEEP_MS_MAX })) {
        await clock.sleep(PAUSE_MS, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      logger.debug({ event: "key-purge-failed" }, messageOf(error));
    }
    await clock.sleep(INTERVAL_MS, signal);
  }
}
