export type { AckWait } from "./ack-board.ts";
export type { Delivery, SlaveEndpoint } from "./delivery.ts";
export { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./limits.ts";
export {
  ReplicationQueue,
  type Delivered,
  type DeliveryOutcome,
  type ReplicationQueueOptions,
  type SlaveView,
} from "./replication-queue.ts";
export type { ReadBinlog } from "./window-reader.ts";
