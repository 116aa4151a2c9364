/** Bounds of the replication queue. */
export interface QueueLimits {
  /** Transactions that the window holds. */
  readonly windowTransactionsMax: number;
  /** Bytes of events that the window holds. */
  readonly windowBytesMax: number;
  readonly deliveryTransactionsMax: number;
  /** Bytes of one delivery; a single transaction above it is streamed from the binlog instead of held. */
  readonly deliveryBytesMax: number;
  /** Deliveries under way to one slave. */
  readonly deliveriesInFlightMax: number;
  /** An idle slave gets an empty delivery this often, so that it knows that it is not behind. */
  readonly heartbeatMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
}

/** The defaults of {@link QueueLimits}. */
export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  windowTransactionsMax: 1000,
  windowBytesMax: 64 * 1024 * 1024,
  deliveryTransactionsMax: 256,
  deliveryBytesMax: 4 * 1024 * 1024,
  deliveriesInFlightMax: 2,
  heartbeatMs: 1000,
  backoffBaseMs: 50,
  backoffMaxMs: 2000,
};
