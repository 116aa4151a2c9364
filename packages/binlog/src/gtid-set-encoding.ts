import type { MysqlGtidSet } from "./mysql-gtid-set.ts";

/** Marks the form that knows tags (servers of 8.3 and later), in the first and the last byte of the header. */
const TAGGED_FORM = 1;

/**
 * A MySQL GTID set as the dump command carries it: number of sources u64; for each its uuid (16 bytes), number of intervals
 * u64, and for each interval its first number and the one after its last, u64 both. With tags the header's outer bytes say so and
 * each uuid is followed by the tag's length (shifted left by one: an integer of variable length) and text.
 */
export function encodeGtidSet(set: MysqlGtidSet): Buffer {
  const { sources } = set;
  const isTagged = sources.some(([source]) => source.includes(":"));
  const header = Buffer.alloc(8);
  if (isTagged) {
    header.writeUInt8(TAGGED_FORM, 0);
    header.writeUIntLE(sources.length, 1, 6);
    header.writeUInt8(TAGGED_FORM, 7);
  } else {
    header.writeUIntLE(sources.length, 0, 6);
  }
  const parts: Buffer[] = [header];
  for (const [source, numbers] of sources) {
    const [uuid = "", tag = ""] = source.split(":");
    parts.push(Buffer.from(uuid.replaceAll("-", ""), "hex"));
    if (isTagged) parts.push(Buffer.from([tag.length << 1]), Buffer.from(tag, "latin1"));
    const { intervals } = numbers;
    const body = Buffer.alloc(8 + 16 * intervals.length);
    body.writeBigUInt64LE(BigInt(intervals.length), 0);
    intervals.forEach(({ first, last }, index) => {
      body.writeBigUInt64LE(first, 8 + 16 * index);
      body.writeBigUInt64LE(last + 1n, 16 + 16 * index);
    });
    parts.push(body);
  }
  return Buffer.concat(parts);
}
