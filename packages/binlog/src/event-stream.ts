import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { decodeEvent, EVENT_CHECKSUM_BYTES } from "./decode-event.ts";
import { EventCutter } from "./event-cutter.ts";

/** The four bytes that each binlog starts with. */
export const BINLOG_MAGIC: Buffer = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);

/** The largest event that a server can write: its largest packet, and what stands around the rows in it. */
export const EVENT_BYTES_MAX = 1024 ** 3 + 1024 ** 2;

/** Limits of {@link readEventStream}. */
export interface EventStreamLimits {
  /** Largest event that is taken. Default 1 GiB and 1 MiB, the largest that a server writes. */
  readonly eventBytesMax?: number;
}

/**
 * Reads a binlog (magic bytes, events) from an HTTP body or a file as it arrives, one array for each chunk that completes
 * events. Holds no more than a chunk and the largest event. Each event's checksum is verified; events share the chunks' memory.
 * Throws `binlog-corrupt` for wrong magic bytes, a bad length or checksum, and an end within an event. That the end comes within
 * a transaction is for the grouper to find. Errors of `source` pass through.
 */
export async function* readEventStream(
  source: AsyncIterable<Uint8Array>,
  limits: EventStreamLimits = {},
): AsyncGenerator<readonly BinlogEvent[]> {
  const eventBytesMax = limits.eventBytesMax ?? EVENT_BYTES_MAX;
  const cutter = new EventCutter({ trailerBytes: EVENT_CHECKSUM_BYTES, eventBytesMax });
  let magicSeen = 0;
  for await (const bytes of source) {
    let chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (magicSeen < BINLOG_MAGIC.length) {
      const part = chunk.subarray(0, BINLOG_MAGIC.length - magicSeen);
      if (!part.equals(BINLOG_MAGIC.subarray(magicSeen, magicSeen + part.length))) {
        throw new UnderstudyError("binlog-corrupt", "it does not start with a binlog's magic bytes");
      }
      magicSeen += part.length;
      chunk = chunk.subarray(part.length);
    }
    const events = cutter.push(chunk);
    if (events.length > 0) yield events.map(decodeEvent);
  }
  if (magicSeen < BINLOG_MAGIC.length || cutter.pendingBytes > 0) {
    throw new UnderstudyError("binlog-corrupt", "the binlog ends in the middle of an event");
  }
}
