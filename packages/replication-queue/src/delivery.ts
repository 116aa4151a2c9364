import type { GtidPosition } from "@understudy/binlog";

/** One batch on its way to a slave: a binlog body and what its headers say. */
export interface Delivery {
  /** The position that it continues from. */
  readonly after: GtidPosition;
  /** Magic, format description event, whole event groups. A stream where one transaction is too large to be held. */
  readonly body: Buffer | AsyncIterable<Uint8Array>;
  /** 0 in a heartbeat. */
  readonly transactions: number;
  /** The master's position when it was sent, from which the slave knows how far it is behind. */
  readonly masterPosition: GtidPosition;
}

/** What the queue needs of a slave. Errors are `UnderstudyError`s; the loop branches on their codes. */
export interface SlaveEndpoint {
  readonly nodeId: string;
  /** Resolves with the slave's position once it has committed everything of the delivery. */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<GtidPosition>;
  /** Asks the slave where its history ends. */
  position(signal: AbortSignal): Promise<GtidPosition>;
}
