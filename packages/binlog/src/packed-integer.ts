import { UnderstudyError } from "@understudy/protocol";

/** Bytes that follow a first byte of 252, 253 and 254. */
const FOLLOWING_BYTES: readonly number[] = [2, 3, 8];
const FIRST_MARKER = 252;

/** Reads MySQL's length-encoded integer: one byte below 251, else a marker and 2, 3 or 8 bytes. Throws `binlog-corrupt`. */
export function readPackedInteger(
  bytes: Buffer,
  offset: number,
): { readonly value: number; readonly end: number } {
  const first = bytes[offset];
  if (first === undefined) throw corrupt();
  if (first < 251) return { value: first, end: offset + 1 };
  const following = FOLLOWING_BYTES[first - FIRST_MARKER];
  const start = offset + 1;
  if (following === undefined || start + following > bytes.length) throw corrupt();
  const value = following === 8 ? Number(bytes.readBigUInt64LE(start)) : bytes.readUIntLE(start, following);
  if (!Number.isSafeInteger(value)) throw corrupt();
  return { value, end: start + following };
}

function corrupt(): UnderstudyError {
  return new UnderstudyError("binlog-corrupt", "an event holds a length that is not one");
}
