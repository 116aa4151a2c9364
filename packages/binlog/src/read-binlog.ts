import type { Clock } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { BinlogConnection } from "./binlog-connection.ts";
import type { BinlogEvent } from "./binlog-event.ts";
import type { GtidPosition } from "./gtid-position.ts";
/** How {@link readBinlog} reads. */
export interface ReadBinlogOptions {
  /** Opens a logged-in connection of the reader's own, within its own time limit. */
  readonly connect: (signal: AbortSignal) => Promise<BinlogConnection>;
  readonly flavour: Flavour;
  /** Read what comes after it. */
  readonly from: GtidPosition;
  /** Unique among all readers and servers: a reader with the same id ends this one. */
  readonly readerServerId: number;
  readonly heartbeatMs: number;
  /** Default 4 MiB. */
  readonly highWaterBytes?: number;
  readonly signal: AbortSignal;
  /** End at the current end of the binlog instead of waiting for more. */
  readonly untilEnd?: boolean;
  readonly clock?: Clock;
}
/** Reads a server's binlog. */
export function readBinlog(_options: ReadBinlogOptions): AsyncGenerator<readonly BinlogEvent[]> {
  throw new Error("coming");
}
