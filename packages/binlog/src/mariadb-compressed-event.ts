import { inflateSync } from "node:zlib";
import { messageOf } from "@understudy/kernel";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_CHECKSUM_BYTES, EVENT_HEADER_BYTES, sealEvent } from "./decode-event.ts";
import { EVENT_TYPE } from "./event-type.ts";
import { readPackedInteger } from "./packed-integer.ts";
import { querySqlOffset } from "./query-event.ts";

/** The plain type of each compressed one. */
const PLAIN_TYPES: ReadonlyMap<number, number> = new Map([
  [EVENT_TYPE.mariadbQueryCompressed, EVENT_TYPE.query],
  [EVENT_TYPE.mariadbWriteRowsCompressedV1, EVENT_TYPE.writeRowsV1],
  [EVENT_TYPE.mariadbUpdateRowsCompressedV1, EVENT_TYPE.updateRowsV1],
  [EVENT_TYPE.mariadbDeleteRowsCompressedV1, EVENT_TYPE.deleteRowsV1],
  [EVENT_TYPE.mariadbWriteRowsCompressed, EVENT_TYPE.writeRows],
  [EVENT_TYPE.mariadbUpdateRowsCompressed, EVENT_TYPE.updateRows],
  [EVENT_TYPE.mariadbDeleteRowsCompressed, EVENT_TYPE.deleteRows],
]);

/** Table id (6 bytes) and flags (2). */
const ROWS_POST_HEADER_BYTES = 8;
/** Set in the first byte of everything that is compressed; the bits below say how (0: zlib) and how long the length is. */
const COMPRESSED_MARK = 0x80;

/** True for MariaDB's compressed Query and rows events. */
export function isMariadbCompressed(event: BinlogEvent, flavour: Flavour): boolean {
  return flavour === "mariadb" && PLAIN_TYPES.has(event.type);
}

/**
 * The plain form of an event for which {@link isMariadbCompressed} holds: only its tail, the SQL or the rows, is compressed.
 * Throws `binlog-corrupt`, or `binlog-unsupported` beyond `expandedBytesMax` or for an unknown compression.
 */
export function expandMariadbEvent(event: BinlogEvent, expandedBytesMax: number): BinlogEvent {
  const { bytes, type } = event;
  const end = bytes.length - EVENT_CHECKSUM_BYTES;
  const start = type === EVENT_TYPE.mariadbQueryCompressed ? querySqlOffset(bytes) : rowsOffset(bytes, type);
  if (start >= end) throw corrupt("a compressed event is too short");
  const tail = bytes.subarray(start, end);
  return sealEvent([bytes.subarray(0, start), inflate(tail, expandedBytesMax, type)], PLAIN_TYPES.get(type));
}

/** Where the rows begin: after the table id, flags, (version 2: more of them), column count and one or two column bitmaps. */
function rowsOffset(bytes: Buffer, type: number): number {
  let offset = EVENT_HEADER_BYTES + ROWS_POST_HEADER_BYTES;
  const isVersion2 = type >= EVENT_TYPE.mariadbWriteRowsCompressed;
  if (isVersion2) {
    if (offset + 2 > bytes.length) throw corrupt("a compressed rows event is too short");
    offset += bytes.readUInt16LE(offset);
  }
  const columns = readPackedInteger(bytes, offset);
  const isUpdate =
    type === EVENT_TYPE.mariadbUpdateRowsCompressed || type === EVENT_TYPE.mariadbUpdateRowsCompressedV1;
  return columns.end + Math.ceil(columns.value / 8) * (isUpdate ? 2 : 1);
}

/** Mark u8, length of one to four bytes with the most significant first, then zlib's format. */
function inflate(tail: Buffer, expandedBytesMax: number, eventType: number): Buffer {
  const mark = tail.readUInt8(0);
  const lengthBytes = mark & 0x07;
  const algorithm = (mark & 0x70) >> 4;
  if ((mark & COMPRESSED_MARK) === 0 || algorithm !== 0) {
    throw new UnderstudyError("binlog-unsupported", `an event is compressed in a way (${mark}) not known`, {
      details: { eventType },
    });
  }
  if (lengthBytes < 1 || lengthBytes > 4 || tail.length < 1 + lengthBytes) {
    throw corrupt("a compressed event lacks its length");
  }
  const length = tail.readUIntBE(1, lengthBytes);
  if (length > expandedBytesMax) {
    throw new UnderstudyError(
      "binlog-unsupported",
      `a compressed event of ${length} bytes is larger than the limit of ${expandedBytesMax}`,
      { details: { eventType } },
    );
  }
  let plain: Buffer;
  try {
    plain = inflateSync(tail.subarray(1 + lengthBytes), { maxOutputLength: Math.max(length, 1) });
  } catch (error) {
    throw corrupt(`a compressed event cannot be expanded: ${messageOf(error)}`, error);
  }
  if (plain.length !== length) throw corrupt("a compressed event has another size than it says");
  return plain;
}

function corrupt(message: string, cause?: unknown): UnderstudyError {
  return new UnderstudyError("binlog-corrupt", message, cause === undefined ? {} : { cause });
}
