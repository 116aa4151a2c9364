import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "@understudy/binlog";

const HEADER_BYTES = 19;
/** Behind sequence number, domain and flags of MariaDB's GTID event. */
const MARIADB_XID_OFFSET = HEADER_BYTES + 13;
const COMMIT_ID_BYTES = 8;

/** Bits of the flags of MariaDB's GTID event. */
export const MARIADB_FLAG = {
  standalone: 1,
  groupCommitId: 2,
  transactional: 4,
  preparedXa: 64,
  completedXa: 128,
} as const;

/** The `xid` of an XA statement, as MariaDB's GTID event carries it for a transaction that ends prepared. Throws `binlog-corrupt`. */
export function mariadbXid(gtidEvent: BinlogEvent, flags: number): string {
  const { bytes } = gtidEvent;
  const offset = MARIADB_XID_OFFSET + ((flags & MARIADB_FLAG.groupCommitId) === 0 ? 0 : COMMIT_ID_BYTES);
  if (offset + 6 > bytes.length) throw corrupt();
  const format = bytes.readUInt32LE(offset);
  const globalEnd = offset + 6 + bytes.readUInt8(offset + 4);
  return xid(bytes, {
    format,
    globalStart: offset + 6,
    globalEnd,
    branchEnd: globalEnd + bytes.readUInt8(offset + 5),
  });
}

/** The statement that an XA prepare event (38) stands for. Throws `binlog-corrupt`. */
export function xaPrepareSql(event: BinlogEvent): string {
  const { bytes } = event;
  const start = HEADER_BYTES + 13;
  if (start > bytes.length) throw corrupt();
  const globalEnd = start + bytes.readUInt32LE(HEADER_BYTES + 5);
  const name = xid(bytes, {
    format: bytes.readUInt32LE(HEADER_BYTES + 1),
    globalStart: start,
    globalEnd,
    branchEnd: globalEnd + bytes.readUInt32LE(HEADER_BYTES + 9),
  });
  return bytes[HEADER_BYTES] === 0 ? `XA PREPARE ${name}` : `XA COMMIT ${name} ONE PHASE`;
}

interface XidPlace {
  readonly format: number;
  readonly globalStart: number;
  readonly globalEnd: number;
  readonly branchEnd: number;
}

function xid(bytes: Buffer, place: XidPlace): string {
  if (place.branchEnd > bytes.length) throw corrupt();
  const global = bytes.toString("hex", place.globalStart, place.globalEnd);
  const branch = bytes.toString("hex", place.globalEnd, place.branchEnd);
  return `X'${global}',X'${branch}',${place.format}`;
}

function corrupt(): UnderstudyError {
  return new UnderstudyError("binlog-corrupt", "an event's XA identifier is cut off");
}
