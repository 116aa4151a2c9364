import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_CHECKSUM_BYTES, EVENT_HEADER_BYTES } from "./decode-event.ts";

const CREATED_OFFSET = EVENT_HEADER_BYTES + 2 + 50;
const CREATED_BYTES = 4;

/** True where two format description events say the same: two binlog files of one server differ in their times only. */
export function isSameFormat(one: BinlogEvent, other: BinlogEvent): boolean {
  const [a, b] = [one.bytes, other.bytes];
  if (a.length !== b.length) return false;
  const isSame = (start: number, end: number): boolean =>
    a.subarray(start, end).equals(b.subarray(start, end));
  return (
    isSame(EVENT_HEADER_BYTES, CREATED_OFFSET) &&
    isSame(CREATED_OFFSET + CREATED_BYTES, a.length - EVENT_CHECKSUM_BYTES)
  );
}
