import { crc32 } from "node:zlib";
import { readPackedInteger, type BinlogEvent } from "@understudy/binlog";

/** Of the binlog's common header. */
const HEADER_BYTES = 19;
const CHECKSUM_BYTES = 4;
const TABLE_ID_BYTES = 6;
/** Behind the header and the table id; the same in v1 and v2 rows events (v2 has its extra data behind it). */
const FLAGS_OFFSET = HEADER_BYTES + TABLE_ID_BYTES;
const STATEMENT_END_FLAG = 1;
/** Behind table id and flags of a table map. */
const SCHEMA_OFFSET = HEADER_BYTES + 8;

/** True where a rows event is the last one of its statement. */
export function endsStatement(bytes: Buffer): boolean {
  return (bytes.readUInt16LE(FLAGS_OFFSET) & STATEMENT_END_FLAG) !== 0;
}

/** The flags of a rows event, without the one that ends a statement. */
export function statementFlags(bytes: Buffer): number {
  return bytes.readUInt16LE(FLAGS_OFFSET) & ~STATEMENT_END_FLAG;
}

/** The table id of a table map or a rows event. */
export function tableIdOf(bytes: Buffer): number {
  return bytes.readUIntLE(HEADER_BYTES, TABLE_ID_BYTES);
}

/** The same rows event as the last one of its statement, with its checksum made anew. The original is left alone. */
export function withStatementEnd(event: Buffer): Buffer {
  if (endsStatement(event)) return event;
  const bytes = Buffer.from(event);
  bytes.writeUInt16LE(bytes.readUInt16LE(FLAGS_OFFSET) | STATEMENT_END_FLAG, FLAGS_OFFSET);
  return withChecksum(bytes);
}

/** The opposite of {@link withStatementEnd}: the statement goes on behind the event. */
export function withoutStatementEnd(event: Buffer): Buffer {
  if (!endsStatement(event)) return event;
  const bytes = Buffer.from(event);
  bytes.writeUInt16LE(bytes.readUInt16LE(FLAGS_OFFSET) & ~STATEMENT_END_FLAG, FLAGS_OFFSET);
  return withChecksum(bytes);
}

/** `schema.table` of a table map. */
export function mappedTable(event: BinlogEvent): string {
  const { schema, table } = mappedName(event.bytes);
  return `${schema}.${table}`;
}

/** Schema and table of a table map. */
export function mappedName(bytes: Buffer): { readonly schema: string; readonly table: string } {
  const schemaEnd = SCHEMA_OFFSET + 1 + bytes.readUInt8(SCHEMA_OFFSET);
  return {
    schema: bytes.toString("utf8", SCHEMA_OFFSET + 1, schemaEnd),
    table: bytes.toString("utf8", schemaEnd + 2, schemaEnd + 2 + bytes.readUInt8(schemaEnd + 1)),
  };
}

/** The type of each column in a table map. Throws `binlog-corrupt`. */
export function mappedColumns(bytes: Buffer): Buffer {
  const schemaEnd = SCHEMA_OFFSET + 1 + bytes.readUInt8(SCHEMA_OFFSET);
  const count = readPackedInteger(bytes, schemaEnd + 3 + bytes.readUInt8(schemaEnd + 1));
  return bytes.subarray(count.end, count.end + count.value);
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
