import type { Clock } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { BinlogConnection } from "./binlog-connection.ts";
import type { GtidPosition } from "./gtid-position.ts";

/** How `readBinlog` reads. */
export interface ReadBinlogOptions {
  /** Opens a logged-in connection of the reader's own, within its own time limit. Called again to look into a refusal. */
  readonly connect: (signal: AbortSignal) => Promise<BinlogConnection>;
  readonly flavour: Flavour;
  /** Read what comes after it. */
  readonly from: GtidPosition;
  /** Unique among all readers and servers, 1 to 2³²−1: the server ends an older reader of the same id. */
  readonly readerServerId: number;
  /** The server says so often that it is alive while it has nothing to send. */
  readonly heartbeatMs: number;
  /** How many bytes may wait unconsumed before the socket is stopped. Default 4 MiB. One event more than that may wait. */
  readonly highWaterBytes?: number;
  readonly signal: AbortSignal;
  /** End at the current end of the binlog instead of waiting for more. */
  readonly untilEnd?: boolean;
  readonly clock?: Clock;
}
