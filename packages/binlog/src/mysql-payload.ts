import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_CHECKSUM_BYTES, EVENT_HEADER_BYTES } from "./decode-event.ts";
import { readPackedInteger } from "./packed-integer.ts";

/** What a MySQL payload event (type 40) holds. */
export interface MysqlPayload {
  readonly content: Buffer;
  /** Zstandard; else as it is. */
  readonly isCompressed: boolean;
  /** Size of the events in it, without checksums. */
  readonly expandedBytes: number;
}

const FIELD = { endMark: 0, payloadSize: 1, compressionType: 2, uncompressedSize: 3 } as const;
const COMPRESSION = { zstd: 0, none: 255 } as const;

/**
 * Reads the fields (number, length, value: packed integers) before the content. Throws `binlog-corrupt`, or
 * `binlog-unsupported` for a compression that is not known.
 */
export function parseMysqlPayload(event: BinlogEvent): MysqlPayload {
  const bytes = event.bytes.subarray(0, event.bytes.length - EVENT_CHECKSUM_BYTES);
  const fields = new Map<number, number>();
  let offset = EVENT_HEADER_BYTES;
  for (;;) {
    const field = readPackedInteger(bytes, offset);
    offset = field.end;
    if (field.value === FIELD.endMark) break;
    const length = readPackedInteger(bytes, offset);
    const value = readPackedInteger(bytes, length.end);
    fields.set(field.value, value.value);
    offset = length.end + length.value;
  }
  const compression = fields.get(FIELD.compressionType);
  if (compression !== COMPRESSION.zstd && compression !== COMPRESSION.none) {
    throw new UnderstudyError(
      "binlog-unsupported",
      `a transaction is compressed in a way (${compression}) that is not known`,
      { details: { eventType: event.type } },
    );
  }
  const content = bytes.subarray(offset);
  if (content.length !== fields.get(FIELD.payloadSize)) {
    throw new UnderstudyError("binlog-corrupt", "a compressed transaction has another size than it says");
  }
  return {
    content,
    isCompressed: compression === COMPRESSION.zstd,
    expandedBytes: fields.get(FIELD.uncompressedSize) ?? content.length,
  };
}
