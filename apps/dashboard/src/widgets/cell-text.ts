import type { Value } from "@understudy/client";
import type { OutputValue } from "@understudy/protocol";
import { bytesInWords } from "./progress.ts";
import type { Parsed } from "./value-text.ts";

/** A column as far as its values need it. `type` is SQL, as a result (`BIGINT UNSIGNED`) or a table (`bigint(20) unsigned`) names it. */
export interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** More of a cell is in no grid; the row's detail has it. */
const CELL_CHARACTERS = 200;
const CELL_BYTES = 8;
const DETAIL_BYTES = 256;
const BYTES_A_LINE = 16;

const BINARY =
  /^(?:(?:VAR)?BINARY|(?:TINY|MEDIUM|LONG)?BLOB|BIT|VECTOR|GEOMETRY|POINT|LINESTRING|POLYGON|MULTI\w+|GEOM(?:ETRY)?COLLECTION)$/;
const INTEGER = /^(?:TINYINT|SMALLINT|MEDIUMINT|INT|INTEGER|YEAR)$/;
const FRACTION = /^(?:FLOAT|DOUBLE|REAL)$/;

/** The type's first word in capitals: `BIGINT`. */
function baseOf({ type }: TypedColumn): string {
  return /^\w+/.exec(type)?.[0].toUpperCase() ?? "";
}

/** True where values are bytes, which answers have in base64. */
function isBinary(column: TypedColumn): boolean {
  return BINARY.test(baseOf(column));
}

/** True where values line up on the right. */
export function isNumeric(column: TypedColumn): boolean {
  return INTEGER.test(baseOf(column)) || /^(?:BIGINT|DECIMAL|FLOAT|DOUBLE)$/.test(baseOf(column));
}

/** A value in one short line. `NULL` is null alone: the text of four letters is in quotes, and so is a text without any. */
export function cellText(value: OutputValue | undefined, column: TypedColumn): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "string" && isBinary(column)) {
    const bytes = Buffer.from(value, "base64");
    const head = bytes.subarray(0, CELL_BYTES).toString("hex");
    return `${bytesInWords(bytes.length)} 0x${head}${bytes.length > CELL_BYTES ? "…" : ""}`;
  }
  const text = String(value);
  if (text === "" || /^null$/i.test(text)) return `'${text}'`;
  return text.length <= CELL_CHARACTERS ? text : `${text.slice(0, CELL_CHARACTERS)}…`;
}

/** All of a value, in lines: JSON indented, bytes by their size and first 256 in hexadecimal. */
export function valueLines(value: OutputValue | undefined, column: TypedColumn): string[] {
  if (typeof value !== "string" || value === "") return [cellText(value, column)];
  if (isBinary(column)) {
    const bytes = Buffer.from(value, "base64");
    const head = bytes.subarray(0, DETAIL_BYTES);
    const lines = Array.from({ length: Math.ceil(head.length / BYTES_A_LINE) }, (_, index) =>
      hexLine(head, index * BYTES_A_LINE),
    );
    return [bytesInWords(bytes.length), ...lines, ...(bytes.length > head.length ? ["…"] : [])];
  }
  return (isDocument(value) ? indented(value) : value).split(/\r?\n/);
}

function hexLine(bytes: Buffer, from: number): string {
  const part = bytes.subarray(from, from + BYTES_A_LINE);
  const hex = [...part].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = part.toString("latin1").replaceAll(/[^\u0020-\u007E]/g, "·");
  return `${from.toString(16).padStart(4, "0")}  ${hex.padEnd(3 * BYTES_A_LINE)} ${text}`;
}

/** MariaDB's JSON is LONGTEXT, so that the text itself must tell. */
function isDocument(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

/** A value as {@link readLiteral} takes it back. Null where it is too long to be edited in a line. */
export function literalOf(value: OutputValue | undefined, column: TypedColumn): string | null {
  if (value === null || value === undefined) return "NULL";
  const text = String(value);
  if (isBinary(column)) {
    const bytes = Buffer.from(text, "base64");
    return bytes.length <= DETAIL_BYTES ? `0x${bytes.toString("hex")}` : null;
  }
  if (text.length > 10_000) return null;
  const isPlain = text !== "" && text.trim() === text && !/^'|^null$/i.test(text);
  return isPlain ? text : `'${text.replaceAll("'", "''")}'`;
}

/** What a person wrote for a column: `NULL` is null, `'…'` is text as it stands (`''` is empty), `0x…` bytes; all else by the column's type. */
export function readLiteral(text: string, column: TypedColumn): Parsed<Value> {
  if (/^null$/i.test(text)) return { value: null };
  const quoted = /^'(.*)'$/s.exec(text)?.[1]?.replaceAll("''", "'");
  if (isBinary(column)) return bytesOf(text, quoted);
  if (quoted !== undefined) return { value: quoted };
  const base = baseOf(column);
  if (base === "JSON") return { value: { $type: "json", value: text } };
  if (/^(?:true|false)$/i.test(text) && base === "TINYINT") return { value: text.toLowerCase() === "true" };
  const isNumber = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text);
  if (isNumber && ((INTEGER.test(base) && /^[+-]?\d{1,15}$/.test(text)) || FRACTION.test(base)))
    return { value: Number(text) };
  return { value: exact(text, base) };
}

/** A value that was answered, for a condition that finds its row again. */
export function keyValue(value: OutputValue | undefined, column: TypedColumn): Value {
  if (typeof value !== "string") return value ?? null;
  return isBinary(column) ? { $type: "blob", value } : exact(value, baseOf(column));
}

/** Digits that JSON can't carry keep their own tag. */
function exact(text: string, base: string): Value {
  if (base === "BIGINT" && /^[+-]?\d{1,20}$/.test(text)) return { $type: "bigint", value: text };
  if (base === "DECIMAL" && /^[+-]?\d{1,65}(?:\.\d+)?$/.test(text)) return { $type: "decimal", value: text };
  return text;
}

function bytesOf(text: string, quoted: string | undefined): Parsed<Value> {
  const hex = /^0x((?:[0-9a-f]{2})*)$/i.exec(text)?.[1];
  const bytes = hex === undefined ? quoted && Buffer.from(quoted, "utf8") : Buffer.from(hex, "hex");
  if (quoted === "" || bytes === "") return { value: Buffer.alloc(0) };
  if (bytes) return { value: bytes };
  if (hex === "") return { value: Buffer.alloc(0) };
  return { error: "Bytes are written as 0x01ff or as text in quotes: 'abc'." };
}
