import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_CHECKSUM_BYTES, EVENT_HEADER_BYTES } from "./decode-event.ts";
import { EVENT_TYPE } from "./event-type.ts";
import { decodeTaggedGtid } from "./tagged-gtid-event.ts";
import type { TransactionHeader } from "./transaction-part.ts";

/** Bits of the flags byte of MariaDB's GTID event. */
export const MARIADB_GTID_FLAG = { standalone: 1, groupCommit: 2, preparedXa: 64, completedXa: 128 } as const;

/** Bits of the second flags byte: parts of an ALTER TABLE that is logged in two steps. */
const TWO_PHASE_ALTER_FLAGS = 2 | 4 | 8;

const MYSQL_UUID_OFFSET = EVENT_HEADER_BYTES + 1;
const MYSQL_CLOCK_OFFSET = EVENT_HEADER_BYTES + 26;
const MYSQL_TIME_OFFSET = EVENT_HEADER_BYTES + 42;
const MARIADB_FLAGS_OFFSET = EVENT_HEADER_BYTES + 12;

/** Decodes the event that opens a transaction (type 33, 42 or 162). Throws `binlog-corrupt`, or `binlog-unsupported` for a two-phase ALTER. */
export function decodeTransactionHeader(event: BinlogEvent): TransactionHeader {
  switch (event.type) {
    case EVENT_TYPE.mysqlGtid:
      return decodeMysql(event.bytes);
    case EVENT_TYPE.mysqlTaggedGtid:
      return decodeMysqlTagged(event.bytes);
    default:
      return decodeMariadb(event);
  }
}

function decodeMysql(bytes: Buffer): TransactionHeader {
  requireLength(bytes, MYSQL_TIME_OFFSET + 7);
  const lastCommitted = bytes.readBigUInt64LE(MYSQL_CLOCK_OFFSET);
  const sequenceNumber = bytes.readBigUInt64LE(MYSQL_CLOCK_OFFSET + 8);
  // seven bytes of microseconds; the highest bit says that seven more follow, the time at the origin
  let high = bytes.readUIntLE(MYSQL_TIME_OFFSET + 4, 3);
  let low = bytes.readUInt32LE(MYSQL_TIME_OFFSET);
  if ((high & 0x80_0000) !== 0) {
    requireLength(bytes, MYSQL_TIME_OFFSET + 14);
    high = bytes.readUIntLE(MYSQL_TIME_OFFSET + 11, 3);
    low = bytes.readUInt32LE(MYSQL_TIME_OFFSET + 7);
  }
  const number = bytes.readBigUInt64LE(MYSQL_UUID_OFFSET + 16);
  return {
    gtid: `${formatUuid(bytes.toString("hex", MYSQL_UUID_OFFSET, MYSQL_UUID_OFFSET + 16))}:${number}`,
    parallel: { kind: "logical-clock", lastCommitted, sequenceNumber },
    flags: 0,
    committedAtMs: Math.floor((high * 2 ** 32 + low) / 1000),
  };
}

function decodeMysqlTagged(bytes: Buffer): TransactionHeader {
  const fields = decodeTaggedGtid(bytes);
  const source = fields.tag === "" ? "" : `${fields.tag}:`;
  const committed = fields.originalCommitMicroseconds ?? fields.immediateCommitMicroseconds;
  return {
    gtid: `${formatUuid(fields.uuidHex)}:${source}${fields.number}`,
    parallel: {
      kind: "logical-clock",
      lastCommitted: fields.lastCommitted,
      sequenceNumber: fields.sequenceNumber,
    },
    flags: 0,
    committedAtMs: Number(committed / 1000n),
  };
}

function decodeMariadb(event: BinlogEvent): TransactionHeader {
  const { bytes } = event;
  requireLength(bytes, MARIADB_FLAGS_OFFSET + 1);
  const sequence = bytes.readBigUInt64LE(EVENT_HEADER_BYTES);
  const domainId = bytes.readUInt32LE(EVENT_HEADER_BYTES + 8);
  const flags = bytes.readUInt8(MARIADB_FLAGS_OFFSET);
  let offset = MARIADB_FLAGS_OFFSET + 1;
  let commitId: bigint | null = null;
  if ((flags & MARIADB_GTID_FLAG.groupCommit) !== 0) {
    requireLength(bytes, offset + 8);
    commitId = bytes.readBigUInt64LE(offset);
    offset += 8;
  }
  if ((flags & (MARIADB_GTID_FLAG.preparedXa | MARIADB_GTID_FLAG.completedXa)) !== 0) {
    requireLength(bytes, offset + 6);
    offset += 6 + bytes.readUInt8(offset + 4) + bytes.readUInt8(offset + 5);
  }
  const gtid = `${domainId}-${event.serverId}-${sequence}`;
  const moreFlags = offset < bytes.length - EVENT_CHECKSUM_BYTES ? bytes.readUInt8(offset) : 0;
  if ((moreFlags & TWO_PHASE_ALTER_FLAGS) !== 0) {
    throw new UnderstudyError(
      "binlog-unsupported",
      `transaction ${gtid} is one half of a two-phase ALTER TABLE; set binlog_alter_two_phase=OFF on the master`,
      { details: { gtid, eventType: event.type } },
    );
  }
  return {
    gtid,
    parallel: { kind: "group-commit", commitId },
    flags,
    committedAtMs: event.timestamp * 1000,
  };
}

function formatUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function requireLength(bytes: Buffer, needed: number): void {
  if (bytes.length - EVENT_CHECKSUM_BYTES < needed) {
    throw new UnderstudyError("binlog-corrupt", "a GTID event is too short");
  }
}
