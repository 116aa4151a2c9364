import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_CHECKSUM_BYTES, EVENT_HEADER_BYTES } from "./decode-event.ts";
import { EVENT_TYPE } from "./event-type.ts";

/** A Query event's fields; the buffers share the event's memory. */
export interface QueryEvent {
  readonly threadId: number;
  readonly executionSeconds: number;
  /** The error with which the statement ended on the master; 0 as a rule. */
  readonly errorCode: number;
  /** The session that it must run in, as code and value one after another. */
  readonly statusVariables: Buffer;
  readonly schema: Buffer;
  /** In the client character set that the status variables name. */
  readonly sql: Buffer;
}

const STATUS_VARIABLES_OFFSET = EVENT_HEADER_BYTES + 13;

/** Decodes a Query event (type 2; expand type 165 first). Throws `binlog-corrupt`. */
export function decodeQueryEvent(event: BinlogEvent): QueryEvent {
  if (event.type !== EVENT_TYPE.query) throw corrupt(`an event of type ${event.type} is not a Query event`);
  const { bytes } = event;
  const sqlOffset = querySqlOffset(bytes);
  const schemaOffset = sqlOffset - 1 - bytes.readUInt8(EVENT_HEADER_BYTES + 8);
  return {
    threadId: bytes.readUInt32LE(EVENT_HEADER_BYTES),
    executionSeconds: bytes.readUInt32LE(EVENT_HEADER_BYTES + 4),
    errorCode: bytes.readUInt16LE(EVENT_HEADER_BYTES + 9),
    statusVariables: bytes.subarray(STATUS_VARIABLES_OFFSET, schemaOffset),
    schema: bytes.subarray(schemaOffset, sqlOffset - 1),
    sql: bytes.subarray(sqlOffset, bytes.length - EVENT_CHECKSUM_BYTES),
  };
}

/** The first bytes of a Query event's SQL, as Latin-1: enough to know BEGIN and its like. Throws `binlog-corrupt`. */
export function peekQuerySql(event: BinlogEvent): string {
  const offset = querySqlOffset(event.bytes);
  return event.bytes.toString(
    "latin1",
    offset,
    Math.min(offset + 24, event.bytes.length - EVENT_CHECKSUM_BYTES),
  );
}

/** Where the SQL of a Query event, compressed or not, begins. Throws `binlog-corrupt`. */
export function querySqlOffset(bytes: Buffer): number {
  const end = bytes.length - EVENT_CHECKSUM_BYTES;
  if (STATUS_VARIABLES_OFFSET > end) throw corrupt("a Query event is too short");
  const schemaBytes = bytes.readUInt8(EVENT_HEADER_BYTES + 8);
  const statusBytes = bytes.readUInt16LE(EVENT_HEADER_BYTES + 11);
  const sqlOffset = STATUS_VARIABLES_OFFSET + statusBytes + schemaBytes + 1;
  if (sqlOffset > end) throw corrupt("a Query event is too short for its parts");
  return sqlOffset;
}

function corrupt(message: string): UnderstudyError {
  return new UnderstudyError("binlog-corrupt", message);
}
