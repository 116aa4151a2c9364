import {
  EVENT_CHECKSUM_BYTES,
  EVENT_HEADER_BYTES,
  EVENT_TYPE,
  readPackedInteger,
  sealEvent,
  type BinlogEvent,
} from "@understudy/binlog";
import { UnderstudyError } from "@understudy/protocol";

/** What a rows event does. `partial-update`: the new values of JSON columns are changes to the old ones (MySQL). */
export type RowsKind = "insert" | "update" | "delete" | "partial-update";

/** A rows event that is not compressed, taken apart as far as its rows. */
export interface RowsEvent {
  readonly event: BinlogEvent;
  readonly kind: RowsKind;
  readonly isV2: boolean;
  readonly tableId: number;
  readonly columns: number;
  /** Which columns a row has, a bit each: of the old row, or of the only one. */
  readonly image: Buffer;
  /** Of the new row; null where there is only one. */
  readonly newImage: Buffer | null;
  readonly rows: Buffer;
  /** True for the last one of its statement, after which its table map counts no more. */
  readonly endsStatement: boolean;
}

const KINDS = new Map<number, RowsKind>([
  [EVENT_TYPE.writeRowsV1, "insert"],
  [EVENT_TYPE.updateRowsV1, "update"],
  [EVENT_TYPE.deleteRowsV1, "delete"],
  [EVENT_TYPE.writeRows, "insert"],
  [EVENT_TYPE.updateRows, "update"],
  [EVENT_TYPE.deleteRows, "delete"],
  [EVENT_TYPE.partialUpdateRows, "partial-update"],
]);
const STATEMENT_END_FLAG = 1;
const FLAGS_END = EVENT_HEADER_BYTES + 8;
const EXTRA_LENGTH_BYTES = 2;

/** Takes a rows event apart. Throws `binlog-unsupported` for other events; expand compressed ones first. */
export function parseRowsEvent(event: BinlogEvent): RowsEvent {
  const { type, bytes } = event;
  const kind = KINDS.get(type);
  if (kind === undefined) {
    throw new UnderstudyError("binlog-unsupported", `an event of type ${type} holds no rows`);
  }
  const isV2 = type >= EVENT_TYPE.writeRows;
  const columns = readPackedInteger(bytes, isV2 ? FLAGS_END + bytes.readUInt16LE(FLAGS_END) : FLAGS_END);
  const imageBytes = Math.ceil(columns.value / 8);
  const imageEnd = columns.end + imageBytes;
  const hasNewImage = kind === "update" || kind === "partial-update";
  const rowsStart = hasNewImage ? imageEnd + imageBytes : imageEnd;
  return {
    event,
    kind,
    isV2,
    tableId: bytes.readUIntLE(EVENT_HEADER_BYTES, 6),
    columns: columns.value,
    image: bytes.subarray(columns.end, imageEnd),
    newImage: hasNewImage ? bytes.subarray(imageEnd, rowsStart) : null,
    endsStatement: (bytes.readUInt16LE(EVENT_HEADER_BYTES + 6) & STATEMENT_END_FLAG) !== 0,
    rows: bytes.subarray(rowsStart, bytes.length - EVENT_CHECKSUM_BYTES),
  };
}

/** True where {@link asInsert} can be had: whole rows, old and new with the same columns. */
export function isWhole(rows: RowsEvent): boolean {
  return rows.kind !== "partial-update" && (rows.newImage === null || rows.newImage.equals(rows.image));
}

/**
 * The same rows as an event that inserts them; an update's become twice as many, each old row before its new one. That works
 * without a look into the rows, as both have the same layout. Only for rows that {@link isWhole}.
 */
export function asInsert(rows: RowsEvent): BinlogEvent {
  const { bytes } = rows.event;
  const columns = packedColumns(rows);
  // the extra data, which tells partitions, is left out: its form is that of the kind
  const extra = rows.isV2 ? [Buffer.from([EXTRA_LENGTH_BYTES, 0])] : [];
  const parts = [bytes.subarray(0, FLAGS_END), ...extra, columns, rows.image, rows.rows];
  return sealEvent(parts, rows.isV2 ? EVENT_TYPE.writeRows : EVENT_TYPE.writeRowsV1);
}

function packedColumns(rows: RowsEvent): Buffer {
  const { columns } = rows;
  return columns < 251 ? Buffer.from([columns]) : Buffer.from([0xfc, columns & 0xff, columns >> 8]);
}
