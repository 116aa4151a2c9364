import type { Column } from "@understudy/protocol";
import { packetReader } from "./packet-reader.ts";
import type { RawPacket } from "./raw-connection.ts";

/** How the text of a cell becomes a value. */
export type CellKind = "number" | "text" | "binary";

/** A column of a result as the server describes it. */
export interface WireColumn extends Column {
  readonly kind: CellKind;
}

/** The collation under which the servers describe what is no text. */
const BINARY_COLLATION = 63;
/**
 * Each session says `SET NAMES utf8mb4`, so that the servers convert all text to it and describe each column with it, whatever
 * the column was declared with: what a column holds its text in is not to be learnt from a result.
 */
const TEXT_CHARSET = "utf8mb4";
const FLAG = { notNull: 1, unsigned: 32, enumeration: 256, set: 2048 } as const;

/** Reads a column definition packet (protocol 4.1, with MariaDB's block of extended metadata where it is agreed on). */
export function readColumn(packet: RawPacket, extendedMetadata: boolean): WireColumn {
  for (let i = 0; i < 4; i++) packetReader.skipText(packet);
  const name = packetReader.text(packet);
  packetReader.skipText(packet);
  const extended = extendedMetadata ? readExtendedMetadata(packet) : undefined;
  packet.offset += 1;
  const binary = packetReader.u16(packet) === BINARY_COLLATION;
  const charset = binary ? null : TEXT_CHARSET;
  const length = packet.buffer.readUInt32LE(packet.offset);
  const typeCode = packet.buffer[packet.offset + 4] ?? 0;
  const flags = packet.buffer.readUInt16LE(packet.offset + 5);
  const nullable = (flags & FLAG.notNull) === 0;
  if (extended !== undefined) {
    const type = extended.toUpperCase();
    return { name, type, nullable, charset, kind: typeCode === 0xff ? "binary" : "text" };
  }
  const [type, kind] = typeOf({ typeCode, flags, length, binary });
  // MySQL calls JSON binary, and sends its text as all other text
  return { name, type, nullable, charset: type === "JSON" ? TEXT_CHARSET : charset, kind };
}

/** The type's name that only MariaDB's extended metadata tells: `uuid`, `inet6`, `json`, `point` … */
function readExtendedMetadata(packet: RawPacket): string | undefined {
  const length = Math.max(packetReader.length(packet), 0);
  const end = packet.offset + length;
  let name: string | undefined;
  while (packet.offset < end) {
    packet.offset += 1;
    name = packetReader.text(packet);
  }
  packet.offset = end;
  return name;
}

interface WireType {
  readonly typeCode: number;
  readonly flags: number;
  readonly length: number;
  readonly binary: boolean;
}

/** Codes: MySQL source documentation, "Column Definition Protocol", `enum_field_types`. */
function typeOf(wire: WireType): readonly [type: string, kind: CellKind] {
  const sign = (wire.flags & FLAG.unsigned) === 0 ? "" : " UNSIGNED";
  switch (wire.typeCode) {
    case 0x01:
      return [`TINYINT${sign}`, "number"];
    case 0x02:
      return [`SMALLINT${sign}`, "number"];
    case 0x03:
      return [`INT${sign}`, "number"];
    case 0x04:
      return [`FLOAT${sign}`, "number"];
    case 0x05:
      return [`DOUBLE${sign}`, "number"];
    case 0x06:
      return ["NULL", "text"];
    case 0x07:
      return ["TIMESTAMP", "text"];
    case 0x08:
      return [`BIGINT${sign}`, "text"];
    case 0x09:
      return [`MEDIUMINT${sign}`, "number"];
    case 0x0a:
    case 0x0e:
      return ["DATE", "text"];
    case 0x0b:
      return ["TIME", "text"];
    case 0x0c:
      return ["DATETIME", "text"];
    case 0x0d:
      return ["YEAR", "number"];
    case 0x10:
      return ["BIT", "binary"];
    case 0xf2:
      return ["VECTOR", "binary"];
    case 0xf5:
      return ["JSON", "text"];
    case 0x00:
    case 0xf6:
      return [`DECIMAL${sign}`, "text"];
    case 0xff:
      return ["GEOMETRY", "binary"];
    default:
      return stringTypeOf(wire);
  }
}

function stringTypeOf({ typeCode, flags, length, binary }: WireType): readonly [string, CellKind] {
  if ((flags & FLAG.enumeration) !== 0 || typeCode === 0xf7) return ["ENUM", "text"];
  if ((flags & FLAG.set) !== 0 || typeCode === 0xf8) return ["SET", "text"];
  if (typeCode === 0xfe) return binary ? ["BINARY", "binary"] : ["CHAR", "text"];
  if (typeCode === 0xfd || typeCode === 0x0f) return binary ? ["VARBINARY", "binary"] : ["VARCHAR", "text"];
  const size = sizeOf(binary ? length : Math.ceil(length / 4));
  return binary ? [`${size}BLOB`, "binary"] : [`${size}TEXT`, "text"];
}

/** All BLOB and TEXT types share one code; only their greatest length tells them apart. */
function sizeOf(length: number): string {
  if (length <= 0xff) return "TINY";
  if (length <= 0xffff) return "";
  return length <= 0xffffff ? "MEDIUM" : "LONG";
}
