import { readPackedInteger } from "@understudy/binlog";
import type { RowsEvent } from "./rows-event.ts";
import type { TableMap } from "./table-map.ts";

/** How a value's length is told: so many bytes, or a length of so many bytes in front of it. */
type ValueSize = { readonly bytes: number } | { readonly lengthBytes: number };

const JSON_TYPE = 245;
/** Types whose values always have so many bytes and that have no metadata. */
const FIXED_BYTES = new Map<number, number>([
  [1, 1],
  [2, 2],
  [3, 4],
  [6, 0],
  [7, 4],
  [8, 8],
  [9, 3],
  [10, 3],
  [11, 3],
  [12, 8],
  [13, 1],
  [14, 3],
]);
/** Bytes before the fraction of TIMESTAMP, DATETIME and TIME. */
const TEMPORAL_BYTES = new Map<number, number>([
  [17, 4],
  [18, 5],
  [19, 3],
]);
/** BLOBs of every size, JSON, GEOMETRY, MySQL's VECTOR, MariaDB's compressed BLOB. */
const BLOB_TYPES: ReadonlySet<number> = new Set([140, 242, JSON_TYPE, 249, 250, 251, 252, 255]);
const VARCHAR_TYPES: ReadonlySet<number> = new Set([15, 141, 253]);
const DECIMAL_REST_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/** Counts the rows of a rows event by the lengths of their values; null where a type is not known here. */
export function countRows(rows: RowsEvent, map: TableMap): number | null {
  const sizes = valueSizes(map);
  if (sizes === null || sizes.length !== rows.columns) return null;
  const jsonColumns = map.types.filter((type) => type === JSON_TYPE).length;
  const reader = new RowReader(rows.rows, sizes);
  let count = 0;
  try {
    while (!reader.atEnd) {
      reader.skipRow(rows.image);
      if (rows.kind === "partial-update") reader.skipPartialBits(jsonColumns);
      if (rows.newImage !== null) reader.skipRow(rows.newImage);
      count += 1;
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return reader.isExact ? count : null;
}

class RowReader {
  readonly #bytes: Buffer;
  readonly #sizes: readonly ValueSize[];
  #offset = 0;

  constructor(bytes: Buffer, sizes: readonly ValueSize[]) {
    this.#bytes = bytes;
    this.#sizes = sizes;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** False where the last value ran over the end. */
  get isExact(): boolean {
    return this.#offset === this.#bytes.length;
  }

  skipRow(image: Buffer): void {
    let present = 0;
    for (let column = 0; column < this.#sizes.length; column++) if (hasBit(image, column)) present += 1;
    const nulls = this.#bytes.subarray(this.#offset, this.#offset + Math.ceil(present / 8));
    this.#offset += Math.ceil(present / 8);
    let index = 0;
    for (const [column, size] of this.#sizes.entries()) {
      if (!hasBit(image, column)) continue;
      if (!hasBit(nulls, index)) this.#skipValue(size);
      index += 1;
    }
  }

  /** Before a partly updated row: which of its JSON columns are changes only. */
  skipPartialBits(jsonColumns: number): void {
    const options = readPackedInteger(this.#bytes, this.#offset);
    this.#offset = options.end;
    if ((options.value & 1) !== 0) this.#offset += Math.ceil(jsonColumns / 8);
  }

  #skipValue(size: ValueSize): void {
    if ("bytes" in size) this.#offset += size.bytes;
    else this.#offset += size.lengthBytes + this.#bytes.readUIntLE(this.#offset, size.lengthBytes);
  }
}

function hasBit(bits: Buffer, index: number): boolean {
  return ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
}

function valueSizes(map: TableMap): readonly ValueSize[] | null {
  const sizes: ValueSize[] = [];
  let offset = 0;
  for (const type of map.types) {
    const metadataBytes = metadataBytesOf(type);
    const size = valueSize(type, map.metadata.subarray(offset, offset + metadataBytes));
    if (size === null) return null;
    sizes.push(size);
    offset += metadataBytes;
  }
  return sizes;
}

function metadataBytesOf(type: number): number {
  if (BLOB_TYPES.has(type) || TEMPORAL_BYTES.has(type) || type === 4 || type === 5) return 1;
  return VARCHAR_TYPES.has(type) ||
    type === 16 ||
    type === 246 ||
    type === 247 ||
    type === 248 ||
    type === 254
    ? 2
    : 0;
}

function valueSize(type: number, metadata: Buffer): ValueSize | null {
  const [first = 0, second = 0] = metadata;
  const fixed = FIXED_BYTES.get(type);
  if (fixed !== undefined) return { bytes: fixed };
  if (type === 4 || type === 5) return { bytes: first };
  const temporal = TEMPORAL_BYTES.get(type);
  if (temporal !== undefined) return { bytes: temporal + Math.ceil(first / 2) };
  if (BLOB_TYPES.has(type)) return { lengthBytes: first };
  if (VARCHAR_TYPES.has(type)) return { lengthBytes: (second << 8) + first > 255 ? 2 : 1 };
  if (type === 16) return { bytes: second + (first > 0 ? 1 : 0) };
  if (type === 246) return { bytes: decimalBytes(first, second) };
  if (type === 247 || type === 248) return { bytes: second };
  return type === 254 ? stringSize(first, second) : null;
}

/** CHAR, BINARY, ENUM and SET share a type; the high bits of a long CHAR's length hide in its type's byte. */
function stringSize(realType: number, length: number): ValueSize {
  if ((realType & 0x30) !== 0x30) {
    const bytes = length | (((realType & 0x30) ^ 0x30) << 4);
    return { lengthBytes: bytes > 255 ? 2 : 1 };
  }
  return realType === 247 || realType === 248 ? { bytes: length } : { lengthBytes: 1 };
}

function decimalBytes(precision: number, scale: number): number {
  const whole = precision - scale;
  return (
    Math.floor(whole / 9) * 4 +
    (DECIMAL_REST_BYTES[whole % 9] ?? 0) +
    Math.floor(scale / 9) * 4 +
    (DECIMAL_REST_BYTES[scale % 9] ?? 0)
  );
}
