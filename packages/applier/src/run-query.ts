import { parseServerError } from "@understudy/binlog";
import type { ApplierConnection, ApplierPacket } from "./applier-connection.ts";
import type { ComQuery } from "./com-query.ts";
import { okStatus } from "./ok-packet.ts";

const OK = 0x00;
const LOCAL_FILE = 0xfb;
const EOF = 0xfe;
const ERROR = 0xff;
const EOF_BYTES_MAX = 8;
const MORE_RESULTS = 0x0008;

/** Sees the payload of each OK packet, during the call only. */
export type OnOk = (payload: Buffer) => void;

/**
 * Sends one packet of statements of which each answers with an OK, and counts these: the OK of a `BINLOG` lacks the flag that
 * more results follow. Rejects with a `ServerError` (the server has left out the rest of the packet), or with the
 * connection's error.
 */
export function runCounted(
  connection: ApplierConnection,
  query: ComQuery,
  options: { readonly answers: number; readonly onOk?: OnOk },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = options.answers;
    connection.addCommand({
      execute(packet) {
        if (!packet) return send(connection, query);
        const kind = packet.buffer[packet.offset];
        if (kind === ERROR) {
          reject(parseServerError(payloadOf(packet)));
          return true;
        }
        if (kind !== OK) throw new Error(`a statement that replicates rows answered with ${kind}`);
        options.onOk?.(payloadOf(packet));
        left -= 1;
        if (left > 0) return false;
        resolve();
        return true;
      },
      onResult: (error) => reject(error ?? new Error("the connection ended")),
    });
  });
}

/**
 * Sends one packet of statements with whatever answers; result sets are consumed, and the rows of the last one returned as text.
 * It trusts the server's flag that more results follow. Rejects as {@link runCounted} does.
 */
export function runPlain(
  connection: ApplierConnection,
  query: ComQuery,
  onOk?: OnOk,
): Promise<readonly (string | null)[][]> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader(onOk);
    connection.addCommand({
      execute(packet) {
        if (!packet) return send(connection, query);
        if (packet.buffer[packet.offset] === ERROR) {
          reject(parseServerError(payloadOf(packet)));
          return true;
        }
        if (!reader.take(payloadOf(packet))) return false;
        resolve(reader.rows);
        return true;
      },
      onResult: (error) => reject(error ?? new Error("the connection ended")),
    });
  });
}

function send(connection: ApplierConnection, query: ComQuery): boolean {
  connection.sequenceId = 0;
  connection.writePacket(query);
  return false;
}

function payloadOf(packet: ApplierPacket): Buffer {
  return packet.buffer.subarray(packet.offset, packet.end);
}

/** Follows the answers to one COM_QUERY in the text protocol (classic EOF packets). */
class AnswerReader {
  rows: (string | null)[][] = [];
  readonly #onOk: OnOk | undefined;
  #state: "head" | "columns" | "rows" = "head";
  #columnsLeft = 0;
  #columns = 0;

  constructor(onOk: OnOk | undefined) {
    this.#onOk = onOk;
  }

  /** True when the last answer is complete. */
  take(payload: Buffer): boolean {
    switch (this.#state) {
      case "head":
        return this.#head(payload);
      case "columns":
        // the columns' EOF packet is counted as one of them
        this.#columnsLeft -= 1;
        if (this.#columnsLeft === 0) this.#state = "rows";
        return false;
      case "rows":
        if (payload[0] === EOF && payload.length <= EOF_BYTES_MAX) {
          this.#state = "head";
          return (payload.readUInt16LE(3) & MORE_RESULTS) === 0;
        }
        this.rows.push(textRow(payload, this.#columns));
        return false;
      default:
        return this.#state satisfies never;
    }
  }

  #head(payload: Buffer): boolean {
    this.rows = [];
    if (payload[0] === OK) {
      this.#onOk?.(payload);
      return (okStatus(payload) & MORE_RESULTS) === 0;
    }
    if (payload[0] === LOCAL_FILE) throw new Error("the server asks for a local file");
    this.#columns = readLength(payload, 0).value;
    this.#columnsLeft = this.#columns + 1;
    this.#state = "columns";
    return false;
  }
}

function textRow(payload: Buffer, columns: number): (string | null)[] {
  const row: (string | null)[] = [];
  let offset = 0;
  for (let column = 0; column < columns; column++) {
    if (payload[offset] === LOCAL_FILE) {
      row.push(null);
      offset += 1;
      continue;
    }
    const length = readLength(payload, offset);
    offset = length.next + length.value;
    row.push(payload.toString("utf8", length.next, offset));
  }
  return row;
}

function readLength(payload: Buffer, offset: number): { readonly value: number; readonly next: number } {
  const first = payload.readUInt8(offset);
  if (first < 0xfb) return { value: first, next: offset + 1 };
  if (first === 0xfc) return { value: payload.readUInt16LE(offset + 1), next: offset + 3 };
  if (first === 0xfd) return { value: payload.readUIntLE(offset + 1, 3), next: offset + 4 };
  return { value: Number(payload.readBigUInt64LE(offset + 1)), next: offset + 9 };
}
