import type { OutputValue } from "@understudy/protocol";
import { packetReader } from "./packet-reader.ts";
import type { RawPacket } from "./raw-connection.ts";
import type { WireColumn } from "./wire-column.ts";

/** How rows are handed out. */
export type RowShape = "objects" | "arrays";

/** One row in either shape. */
export type Row = Record<string, OutputValue> | OutputValue[];

/** Reads a row packet as values in the columns' order. */
export function readCells(packet: RawPacket, columns: readonly WireColumn[]): OutputValue[] {
  const cells: OutputValue[] = [];
  for (const column of columns) cells.push(readCell(packet, column));
  return cells;
}

/** Reads a row packet as an object; of columns with one name the last one stays. */
export function readObject(packet: RawPacket, columns: readonly WireColumn[]): Record<string, OutputValue> {
  const row: Record<string, OutputValue> = {};
  for (const column of columns) {
    const value = readCell(packet, column);
    if (column.name === "__proto__") {
      // Plain assignment would set the prototype and lose the value.
      Object.defineProperty(row, column.name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else row[column.name] = value;
  }
  return row;
}

function readCell(packet: RawPacket, column: WireColumn): OutputValue {
  const length = packetReader.length(packet);
  if (length < 0) return null;
  const { buffer, offset: start } = packet;
  const end = start + length;
  packet.offset = end;
  switch (column.kind) {
    case "number":
      return readNumber(buffer, start, end);
    case "text":
      return length === 0 ? "" : buffer.toString("utf8", start, end);
    case "binary":
      return buffer.toString("base64", start, end);
  }
}

const MINUS = 0x2d;
const ZERO = 0x30;

/** Most numbers are short integers, which are cheaper to add up than to make a string of. */
function readNumber(buffer: Buffer, start: number, end: number): number {
  const isNegative = buffer[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (end - first > 10) return Number(buffer.toString("latin1", start, end));
  let sum = 0;
  for (let at = first; at < end; at++) {
    const digit = (buffer[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return Number(buffer.toString("latin1", start, end));
    sum = sum * 10 + digit;
  }
  return isNegative ? 0 - sum : sum;
}
