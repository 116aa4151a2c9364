import { UnderstudyError } from "@understudy/protocol";
import { EVENT_CHECKSUM_BYTES, EVENT_HEADER_BYTES } from "./decode-event.ts";

/** What a tagged GTID event (type 42) says. */
export interface TaggedGtidFields {
  readonly uuidHex: string;
  readonly number: bigint;
  readonly tag: string;
  readonly lastCommitted: bigint;
  readonly sequenceNumber: bigint;
  /** When it was committed on the server whose binlog this is. */
  readonly immediateCommitMicroseconds: bigint;
  /** When it was committed at its origin; null where that is the same server. */
  readonly originalCommitMicroseconds: bigint | null;
}

/** Field numbers of the event's serialization. */
const FIELD = {
  flags: 0,
  uuid: 1,
  number: 2,
  tag: 3,
  lastCommitted: 4,
  sequence: 5,
  immediate: 6,
  original: 7,
};

/**
 * Decodes the body of a tagged GTID event. It is written with MySQL's own serialization: version, size and last field that may
 * not be ignored, then each field after its number, all integers of variable length
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/PageLibsMysqlSerialization.html). Throws `binlog-corrupt`.
 */
export function decodeTaggedGtid(bytes: Buffer): TaggedGtidFields {
  const reader = new VariableLengthReader(bytes, EVENT_HEADER_BYTES, bytes.length - EVENT_CHECKSUM_BYTES);
  // version, size, last field that may not be ignored
  for (let skipped = 0; skipped < 3; skipped++) reader.unsigned();
  const numbers = new Map<number, bigint>();
  let uuidHex = "";
  let tag = "";
  for (let field = 0; field <= FIELD.original && !reader.isAtEnd;) {
    field = Number(reader.unsigned());
    if (field === FIELD.uuid) uuidHex = reader.bytes(16).toString("hex");
    else if (field === FIELD.tag) tag = reader.raw(Number(reader.unsigned())).toString("latin1");
    else if (field === FIELD.number || field === FIELD.lastCommitted || field === FIELD.sequence) {
      numbers.set(field, reader.signed());
    } else numbers.set(field, reader.unsigned());
  }
  const number = (field: number): bigint => {
    const value = numbers.get(field);
    if (value === undefined) throw corrupt();
    return value;
  };
  if (uuidHex === "") throw corrupt();
  return {
    uuidHex,
    number: number(FIELD.number),
    tag,
    lastCommitted: number(FIELD.lastCommitted),
    sequenceNumber: number(FIELD.sequence),
    immediateCommitMicroseconds: number(FIELD.immediate),
    originalCommitMicroseconds: numbers.get(FIELD.original) ?? null,
  };
}

class VariableLengthReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Buffer, offset: number, end: number) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#end;
  }

  /** The number of ones at the low end of the first byte says how many bytes follow it. */
  unsigned(): bigint {
    const first = this.raw(1).readUInt8(0);
    let following = 0;
    while (following < 8 && ((first >> following) & 1) === 1) following++;
    const rest = this.raw(following);
    let value = following >= 7 ? 0n : BigInt(first >> (following + 1));
    const bitsInFirst = BigInt(Math.max(0, 7 - following));
    for (let index = 0; index < following; index++) {
      value |= BigInt(rest.readUInt8(index)) << (bitsInFirst + BigInt(8 * index));
    }
    return value;
  }

  /** The lowest bit is the sign. */
  signed(): bigint {
    const value = this.unsigned();
    return (value & 1n) === 0n ? value >> 1n : -(value >> 1n) - 1n;
  }

  /** Bytes that are each written as an integer of variable length. */
  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => Number(this.unsigned())));
  }

  raw(count: number): Buffer {
    if (this.#offset + count > this.#end) throw corrupt();
    this.#offset += count;
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }
}

function corrupt(): UnderstudyError {
  return new UnderstudyError("binlog-corrupt", "a tagged GTID event lacks some of its fields");
}
