import type { BinlogEvent } from "../src/binlog-event.ts";
import { sealEvent } from "../src/decode-event.ts";
import { EVENT_TYPE } from "../src/event-type.ts";

/** A valid event of our own making. */
export function makeEvent(
  type: number,
  body: Uint8Array = new Uint8Array(),
  header: { readonly flags?: number; readonly timestamp?: number; readonly serverId?: number } = {},
): BinlogEvent {
  const bytes = Buffer.alloc(19);
  bytes.writeUInt32LE(header.timestamp ?? 1_700_000_000, 0);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(header.serverId ?? 1, 5);
  bytes.writeUInt16LE(header.flags ?? 0, 17);
  return sealEvent([bytes, body]);
}

/** A Query event. */
export function makeQuery(
  sql: string,
  schema = "shop",
  statusVariables = Buffer.from([0, 1, 2, 3, 4]),
): BinlogEvent {
  const fixed = Buffer.alloc(13);
  fixed.writeUInt32LE(77, 0);
  fixed.writeUInt32LE(3, 4);
  fixed.writeUInt8(schema.length, 8);
  fixed.writeUInt16LE(1062, 9);
  fixed.writeUInt16LE(statusVariables.length, 11);
  return makeEvent(
    EVENT_TYPE.query,
    Buffer.concat([fixed, statusVariables, Buffer.from(`${schema}\0${sql}`)]),
  );
}

/** MySQL's GTID event `3e11fa47-71ca-11e1-9e33-c80aa9429562:<number>`. */
export function makeMysqlGtid(number: number): BinlogEvent {
  const body = Buffer.alloc(58);
  body.write("3e11fa4771ca11e19e33c80aa9429562", 1, "hex");
  body.writeBigUInt64LE(BigInt(number), 17);
  body.writeUInt8(2, 25);
  body.writeBigUInt64LE(BigInt(number - 1), 26);
  body.writeBigUInt64LE(BigInt(number), 34);
  body.writeUIntLE(1_700_000_000_123_456 % 2 ** 32, 42, 4);
  body.writeUIntLE(Math.floor(1_700_000_000_123_456 / 2 ** 32), 46, 3);
  return makeEvent(EVENT_TYPE.mysqlGtid, body);
}

/** MariaDB's GTID event `<domain>-1-<sequence>`. */
export function makeMariadbGtid(
  sequence: number,
  flags = 0,
  tail: Uint8Array = Buffer.alloc(6),
): BinlogEvent {
  const body = Buffer.alloc(13);
  body.writeBigUInt64LE(BigInt(sequence), 0);
  body.writeUInt32LE(4, 8);
  body.writeUInt8(flags, 12);
  return makeEvent(EVENT_TYPE.mariadbGtid, Buffer.concat([body, tail]));
}

/** A rows event of a given type, with the flag that ends its statement. */
export function makeRows(
  type: number,
  flags = 1,
  content: Uint8Array = Buffer.from([1, 255, 0, 7]),
): BinlogEvent {
  const head = Buffer.alloc(8);
  head.writeUIntLE(109, 0, 6);
  head.writeUInt16LE(flags, 6);
  return makeEvent(type, Buffer.concat([head, content]));
}
