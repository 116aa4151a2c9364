import { crc32 } from "node:zlib";
import { decodeEvent, emptyPosition, type BinlogEvent, type GtidPosition } from "@understudy/binlog";
import { ChangeSignal } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { ReadBinlog } from "../src/index.ts";

const SERVER_ID = 1;
const HEADER_BYTES = 19;
const CRC_BYTES = 4;
const FORMAT_DESCRIPTION = 15;
const MARIADB_GTID = 162;
const TABLE_MAP = 19;
const XID = 16;

function madeEvent(type: number, payload: Buffer): BinlogEvent {
  const length = HEADER_BYTES + payload.length + CRC_BYTES;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(SERVER_ID, 5);
  bytes.writeUInt32LE(length, 9);
  payload.copy(bytes, HEADER_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -CRC_BYTES)), length - CRC_BYTES);
  return decodeEvent(bytes);
}

function damaged(): UnderstudyError {
  return new UnderstudyError("database-unavailable", "binlog truncated in the middle of event", {
    details: { errno: 1236 },
  });
}

function gtidEvent(sequence: number): BinlogEvent {
  const payload = Buffer.alloc(19);
  payload.writeBigUInt64LE(BigInt(sequence), 0);
  return madeEvent(MARIADB_GTID, payload);
}

/** A MariaDB binlog in memory: transactions of one domain, read like a server's, with readers that wait for more at its end. */
export class FakeBinlog {
  readonly #transactions: BinlogEvent[][] = [];
  readonly #grown = new ChangeSignal();
  readonly format = madeEvent(FORMAT_DESCRIPTION, Buffer.alloc(80));
  /** Readers that were opened. */
  readersOpened = 0;
  /** While set, readers fail with it. */
  failure: Error | null = null;
  /** How many transactions readers get at most: the next one is damaged, which stops all that have to pass it. 0 for no damage. */
  damagedBehind = 0;

  get end(): GtidPosition {
    const count = this.#transactions.length;
    const empty = emptyPosition("mariadb");
    return count === 0 ? empty : empty.withGtid(`0-${SERVER_ID}-${count}`);
  }

  /** Appends a transaction of `events` events with `bytes` bytes each. */
  append(bytes = 10, events = 1): string {
    const sequence = this.#transactions.length + 1;
    const data = Array.from({ length: events }, () => madeEvent(TABLE_MAP, Buffer.alloc(bytes, sequence)));
    this.#transactions.push([gtidEvent(sequence), ...data, madeEvent(XID, Buffer.alloc(8))]);
    this.#grown.notify();
    return `0-${SERVER_ID}-${sequence}`;
  }

  readonly read: ReadBinlog = (from, signal) => this.#read(from, signal);

  #check(): void {
    if (this.failure) throw this.failure;
  }

  async *#read(from: GtidPosition, signal: AbortSignal): AsyncGenerator<readonly BinlogEvent[]> {
    this.readersOpened++;
    this.#check();
    const isForeign =
      !from.isEmpty() && from.toString() !== `0-${SERVER_ID}-${from.toString().split("-")[2]}`;
    if (isForeign) throw new UnderstudyError("snapshot-required", "not in this binlog");
    let next = this.#transactions.findIndex((_, index) => !from.containsGtid(`0-${SERVER_ID}-${index + 1}`));
    if (next < 0) next = this.#transactions.length;
    yield [this.format];
    for (;;) {
      await this.#grown.until(() => this.failure !== null || this.#transactions.length > next, signal);
      this.#check();
      const isBefore = this.damagedBehind > 0 && next <= this.damagedBehind;
      if (isBefore && next === this.damagedBehind) throw damaged();
      const arrived = this.#transactions.slice(
        next,
        Math.min(next + 7, isBefore ? this.damagedBehind : Infinity),
      );
      next += arrived.length;
      // in pieces that do not respect transactions, as from a socket
      const events = arrived.flat();
      for (let at = 0; at < events.length; at += 5) yield events.slice(at, at + 5);
    }
  }
}
