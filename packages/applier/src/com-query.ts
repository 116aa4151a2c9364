import type { Flavour } from "@understudy/protocol";

const COM_QUERY = 0x03;
/** Largest payload of one packet of the protocol; mysql2 splits what is longer. */
const SPLIT_BYTES = 0xffffff;
const PACKET_HEADER_BYTES = 4;
/** Base64 is made in pieces of so many bytes (a multiple of 3), since no string can hold 512 MiB. */
const ENCODE_BYTES = 3 << 20;

/** A COM_QUERY packet, its four header bytes still empty, as mysql2's `writePacket` takes it. */
export interface ComQuery {
  readonly buffer: Buffer;
  length(): number;
  writeHeader(sequenceId: number): void;
}

/** One piece of a statement: text in ASCII, bytes to go as they are, or bytes to go as base64. */
export type SqlPiece = string | Buffer | { readonly base64: readonly Buffer[] };

/** Makes one COM_QUERY of the pieces. MySQL wants to hear that it has no query attributes (`00 01`). */
export function buildComQuery(flavour: Flavour, pieces: readonly SqlPiece[]): ComQuery {
  const headBytes = PACKET_HEADER_BYTES + (flavour === "mysql" ? 3 : 1);
  let length = headBytes;
  for (const piece of pieces) length += pieceBytes(piece);
  const buffer = Buffer.allocUnsafe(length);
  buffer[PACKET_HEADER_BYTES] = COM_QUERY;
  if (flavour === "mysql") {
    buffer[PACKET_HEADER_BYTES + 1] = 0;
    buffer[PACKET_HEADER_BYTES + 2] = 1;
  }
  let offset = headBytes;
  for (const piece of pieces) offset = writePiece(buffer, offset, piece);
  return {
    buffer,
    length: () => length - PACKET_HEADER_BYTES,
    writeHeader(sequenceId) {
      buffer.writeUIntLE(Math.min(length - PACKET_HEADER_BYTES, SPLIT_BYTES), 0, 3);
      buffer[3] = sequenceId;
    },
  };
}

/** Length of the piece in the statement's text. */
export function pieceBytes(piece: SqlPiece): number {
  if (typeof piece === "string" || Buffer.isBuffer(piece)) return piece.length;
  return base64Bytes(totalBytes(piece.base64));
}

/** Length of the base64 text of so many bytes. */
function base64Bytes(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function totalBytes(buffers: readonly Buffer[]): number {
  let total = 0;
  for (const buffer of buffers) total += buffer.length;
  return total;
}

function writePiece(buffer: Buffer, offset: number, piece: SqlPiece): number {
  if (typeof piece === "string") return offset + buffer.write(piece, offset, "latin1");
  if (Buffer.isBuffer(piece)) return offset + piece.copy(buffer, offset);
  const [first] = piece.base64;
  const bytes = piece.base64.length === 1 && first ? first : Buffer.concat(piece.base64);
  let end = offset;
  for (let start = 0; start < bytes.length; start += ENCODE_BYTES) {
    end += buffer.write(
      bytes.toString("base64", start, Math.min(start + ENCODE_BYTES, bytes.length)),
      end,
      "latin1",
    );
  }
  return end;
}
