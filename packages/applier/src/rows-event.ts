import { crc32 } from "node:zlib";
import type { BinlogEvent } from "@understudy/binlog";

/** Of the binlog's common header. */
const HEADER_BYTES = 19;
const CHECKSUM_BYTES = 4;
/** Behind the header and the table id of 6 bytes; the same in v1 and v2 rows events (v2 has its extra data behind it). */
const FLAGS_OFFSET = HEADER_BYTES + 6;
const STATEMENT_END_FLAG = 1;
/** Behind table id and flags of a table map. */
const SCHEMA_OFFSET = HEADER_BYTES + 8;

/** True where a rows event is the last one of its statement. */
export function endsStatement(event: BinlogEvent): boolean {
  return (event.bytes.readUInt16LE(FLAGS_OFFSET) & STATEMENT_END_FLAG) !== 0;
}

/** The same rows event as the last one of its statement, with its checksum made anew. The original is left alone. */
export function withStatementEnd(event: BinlogEvent): BinlogEvent {
  if (endsStatement(event)) return event;
  const bytes = Buffer.from(event.bytes);
  bytes.writeUInt16LE(bytes.readUInt16LE(FLAGS_OFFSET) | STATEMENT_END_FLAG, FLAGS_OFFSET);
  return { ...event, bytes: withChecksum(bytes) };
}

/** `schema.table` of a table map. */
export function mappedTable(event: BinlogEvent): string {
  const { bytes } = event;
  const schemaBytes = bytes.readUInt8(SCHEMA_OFFSET);
  const schemaEnd = SCHEMA_OFFSET + 1 + schemaBytes;
  const tableBytes = bytes.readUInt8(schemaEnd + 1);
  const schema = bytes.toString("utf8", SCHEMA_OFFSET + 1, schemaEnd);
  return `${schema}.${bytes.toString("utf8", schemaEnd + 2, schemaEnd + 2 + tableBytes)}`;
}

/** The same table map for another table of the same schema. */
export function withMappedTable(event: BinlogEvent, table: string): BinlogEvent {
  const { bytes } = event;
  const schemaEnd = SCHEMA_OFFSET + 1 + bytes.readUInt8(SCHEMA_OFFSET);
  const tableBytes = bytes.readUInt8(schemaEnd + 1);
  const name = Buffer.from(table);
  const renamed = Buffer.concat([
    bytes.subarray(0, schemaEnd + 1),
    Buffer.from([name.length]),
    name,
    bytes.subarray(schemaEnd + 2 + tableBytes),
  ]);
  renamed.writeUInt32LE(renamed.length, 9);
  return { ...event, bytes: withChecksum(renamed) };
}

function withChecksum(bytes: Buffer): Buffer {
  const end = bytes.length - CHECKSUM_BYTES;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}
