import type { BinlogEvent } from "./binlog-event.ts";
/** The four bytes that each binlog starts with. */
export const BINLOG_MAGIC: Buffer = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);
/** Limits of {@link readEventStream}. */
export interface EventStreamLimits {
  /** Largest event that is taken. Default 1 GiB and 1 MiB. */
  readonly eventBytesMax?: number;
}
/** Reads a binlog (magic, events) as it arrives. Throws `binlog-corrupt`. */
export async function* readEventStream(
  _source: AsyncIterable<Uint8Array>,
  _limits: EventStreamLimits = {},
): AsyncGenerator<readonly BinlogEvent[]> {
  throw new Error("coming");
}
