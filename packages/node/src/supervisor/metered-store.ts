import type { CoordinationStore } from "@understudy/election";
import type { Clock } from "@understudy/kernel";
import { errorCodeOf } from "@understudy/protocol";
import type { NodeMetrics } from "../metrics/node-metrics.ts";

/** What {@link meterStore} needs. */
export interface MeteredStoreOptions {
  readonly clock: Clock;
  readonly metrics: NodeMetrics;
  /** So much earlier than the store this node regards its lease as over. */
  readonly leaseMarginMs: number;
}

/** The same store, each request of which is timed and counted, and the rest of whose lease is told. */
export function meterStore(store: CoordinationStore, options: MeteredStoreOptions): CoordinationStore {
  const { clock, metrics, leaseMarginMs } = options;
  let ttlMs = 0;
  let validUntilMs = Number.NEGATIVE_INFINITY;
  metrics.onRead(() => {
    const leftMs = Math.max(0, validUntilMs - clock.monotonicMs());
    metrics.set("understudy_lease_remaining_seconds", {}, leftMs / 1000);
  });
  const timed = async <T>(operation: string, task: () => Promise<T>): Promise<T> => {
    const sentMs = clock.monotonicMs();
    const note = (result: string): void =>
      metrics.observe(
        "understudy_etcd_request_duration_seconds",
        { operation, result },
        (clock.monotonicMs() - sentMs) / 1000,
      );
    try {
      const answer = await task();
      note("ok");
      return answer;
    } catch (error) {
      note(errorCodeOf(error));
      throw error;
    }
  };
  /** From before it was sent: the store counts from when it came. */
  const renewed = (sentMs: number): void => {
    validUntilMs = sentMs + ttlMs - leaseMarginMs;
  };
  return {
    grantLease: async (wantedMs, call) => {
      const sentMs = clock.monotonicMs();
      const id = await timed("grant", () => store.grantLease(wantedMs, call));
      ttlMs = wantedMs;
      renewed(sentMs);
      return id;
    },
    keepAlive: async (leaseId, call) => {
      const sentMs = clock.monotonicMs();
      const isKept = await timed("keep_alive", () => store.keepAlive(leaseId, call));
      if (isKept) renewed(sentMs);
      else validUntilMs = Number.NEGATIVE_INFINITY;
      return isKept;
    },
    revokeLease: async (leaseId, call) => {
      validUntilMs = Number.NEGATIVE_INFINITY;
      await timed("revoke", () => store.revokeLease(leaseId, call));
    },
    read: (call) => timed("read", () => store.read(call)),
    change: (change, call) => timed("change", () => store.change(change, call)),
    watch: (onChange, call) => store.watch(onChange, call),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
