import { systemClock } from "@understudy/kernel";
import type { WriteLog } from "./write-record.ts";

const POLL_MS = 20;

/** How long is waited. */
export interface ConfirmWait {
  /** Monotonic: only a write that began then or later tells. */
  readonly fromMs: number;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** True as soon as a write that began after `fromMs` is confirmed, false when the time is over. Rejects with the signal's reason. */
export async function confirmsWithin(log: WriteLog, { fromMs, ms, signal }: ConfirmWait): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + ms;
  for (;;) {
    const isThere = log
      .since(fromMs)
      .some(({ outcome, invokedMs }) => outcome === "confirmed" && invokedMs >= fromMs);
    if (isThere) return true;
    if (systemClock.monotonicMs() >= deadlineMs) return false;
    await systemClock.sleep(POLL_MS, signal);
  }
}
