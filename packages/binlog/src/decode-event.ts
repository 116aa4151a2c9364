import { crc32 } from "node:zlib";
import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_TYPE } from "./event-type.ts";

/** Bytes of an event's header. */
export const EVENT_HEADER_BYTES = 19;
/** Bytes of the CRC32 at an event's end. */
export const EVENT_CHECKSUM_BYTES = 4;
/** Where in the header the u32 with the event's length stands. */
export const EVENT_LENGTH_OFFSET = 9;

const TYPE_OFFSET = 4;
const FLAGS_OFFSET = 17;
/** The server sets it in the format event of a file that it still writes, without correcting the checksum. */
const IN_USE_FLAG = 1;

/**
 * Decodes one whole event, header and checksum included; the event shares the memory of `bytes`.
 * Throws `binlog-corrupt` where the length or the CRC32 is wrong.
 */
export function decodeEvent(bytes: Buffer): BinlogEvent {
  const length = bytes.length;
  if (length < EVENT_HEADER_BYTES + EVENT_CHECKSUM_BYTES) {
    throw corrupt(`an event of ${length} bytes is too short`);
  }
  const announced = bytes.readUInt32LE(EVENT_LENGTH_OFFSET);
  if (announced !== length) throw corrupt(`an event says it has ${announced} bytes, but has ${length}`);
  if (!hasValidChecksum(bytes)) {
    throw corrupt(`the checksum of an event of type ${bytes[TYPE_OFFSET]}, ${length} bytes, is wrong`);
  }
  return toEvent(bytes);
}

/**
 * Makes an event of header and body without a checksum: sets the length (and the type, where given) in the header and adds the
 * CRC32. `bytes` is copied.
 */
export function sealEvent(bytes: readonly Uint8Array[], type?: number): BinlogEvent {
  const length = bytes.reduce((sum, part) => sum + part.length, EVENT_CHECKSUM_BYTES);
  const sealed = Buffer.allocUnsafe(length);
  let offset = 0;
  for (const part of bytes) {
    sealed.set(part, offset);
    offset += part.length;
  }
  if (type !== undefined) sealed[TYPE_OFFSET] = type;
  sealed.writeUInt32LE(length, EVENT_LENGTH_OFFSET);
  sealed.writeUInt32LE(crc32(sealed.subarray(0, offset)), offset);
  return toEvent(sealed);
}

function toEvent(bytes: Buffer): BinlogEvent {
  return {
    type: bytes.readUInt8(TYPE_OFFSET),
    timestamp: bytes.readUInt32LE(0),
    serverId: bytes.readUInt32LE(5),
    flags: bytes.readUInt16LE(FLAGS_OFFSET),
    nextPosition: bytes.readUInt32LE(13),
    bytes,
  };
}

function hasValidChecksum(bytes: Buffer): boolean {
  const covered = bytes.length - EVENT_CHECKSUM_BYTES;
  const wanted = bytes.readUInt32LE(covered);
  if (crc32(bytes.subarray(0, covered)) === wanted) return true;
  const flags = bytes.readUInt16LE(FLAGS_OFFSET);
  if (bytes[TYPE_OFFSET] !== EVENT_TYPE.formatDescription || (flags & IN_USE_FLAG) === 0) return false;
  const asWritten = Buffer.from(bytes.subarray(0, covered));
  asWritten.writeUInt16LE(flags & ~IN_USE_FLAG, FLAGS_OFFSET);
  return crc32(asWritten) === wanted;
}

function corrupt(message: string): UnderstudyError {
  return new UnderstudyError("binlog-corrupt", message);
}
