import { EVENT_HEADER_BYTES, readPackedInteger, sealEvent, type BinlogEvent } from "@understudy/binlog";

/** What a table map event says of the rows that follow it. */
export interface TableMap {
  readonly event: BinlogEvent;
  readonly tableId: number;
  readonly database: string;
  readonly table: string;
  /** Type codes, one a column. */
  readonly types: Buffer;
  /** The bytes that say more of the types; how many a column has depends on its type. */
  readonly metadata: Buffer;
}

const NAMES_OFFSET = EVENT_HEADER_BYTES + 8;

/** Reads a table map event (type 19). */
export function parseTableMap(event: BinlogEvent): TableMap {
  const { bytes } = event;
  const schemaEnd = NAMES_OFFSET + 1 + bytes.readUInt8(NAMES_OFFSET);
  const tableStart = schemaEnd + 2;
  const tableEnd = tableStart + bytes.readUInt8(schemaEnd + 1);
  const columns = readPackedInteger(bytes, tableEnd + 1);
  const typesEnd = columns.end + columns.value;
  const metadata = readPackedInteger(bytes, typesEnd);
  return {
    event,
    tableId: bytes.readUIntLE(EVENT_HEADER_BYTES, 6),
    database: bytes.toString("utf8", NAMES_OFFSET + 1, schemaEnd),
    table: bytes.toString("utf8", tableStart, tableEnd),
    types: bytes.subarray(columns.end, typesEnd),
    metadata: bytes.subarray(metadata.end, metadata.end + metadata.value),
  };
}

/** The same table map for another table. */
export function redirectTableMap(
  { event }: TableMap,
  to: { readonly database: string; readonly table: string },
): BinlogEvent {
  const { bytes } = event;
  const schemaEnd = NAMES_OFFSET + 1 + bytes.readUInt8(NAMES_OFFSET);
  const tableEnd = schemaEnd + 2 + bytes.readUInt8(schemaEnd + 1);
  return sealEvent([
    bytes.subarray(0, NAMES_OFFSET),
    named(to.database),
    named(to.table),
    bytes.subarray(tableEnd + 1, bytes.length - 4),
  ]);
}

function named(name: string): Buffer {
  const text = Buffer.from(name);
  return Buffer.concat([Buffer.from([text.length]), text, Buffer.from([0])]);
}
