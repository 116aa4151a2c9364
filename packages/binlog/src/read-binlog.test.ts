import { VirtualClock } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { makeEvent } from "../test/made-events.ts";
import type { BinlogCommand, BinlogConnection } from "./binlog-connection.ts";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_TYPE } from "./event-type.ts";
import { emptyPosition, parseGtidPosition } from "./parse-gtid-position.ts";
import { readBinlog } from "./read-binlog.ts";
import type { ReadBinlogOptions } from "./read-binlog-options.ts";

const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

/** A connection as mysql2's, whose server is the test. */
class FakeConnection implements BinlogConnection {
  readonly statements: string[] = [];
  readonly sent: Buffer[] = [];
  readonly stream = {
    bytesRead: 0,
    isPaused: false,
    isDestroyed: false,
    pause: () => (this.stream.isPaused = true),
    resume: () => (this.stream.isPaused = false),
    destroy: () => (this.stream.isDestroyed = true),
  };
  isMute = false;
  #command: BinlogCommand | null = null;

  query(sql: string, callback: (error: Error | null, rows: unknown) => void): void {
    this.statements.push(sql);
    if (!this.isMute) callback(null, {});
  }
  addCommand(command: BinlogCommand): void {
    this.#command = command;
    command.execute(undefined);
  }
  on(): void {}
  destroy(): void {}
  _resetSequenceId(): void {}
  writePacket(packet: { buffer: Buffer; writeHeader(sequenceId: number): void }): void {
    packet.writeHeader(0);
    this.sent.push(packet.buffer);
  }

  /** Sends one packet's payload. */
  deliver(...payload: readonly Uint8Array[]): void {
    const buffer = Buffer.concat([Buffer.alloc(9), ...payload]);
    this.stream.bytesRead += buffer.length;
    this.#command?.execute({ buffer, offset: 9, end: buffer.length });
    // as mysql2 does with its memory
    buffer.fill(0xee);
  }
  deliverEvent(event: BinlogEvent): void {
    this.deliver(Buffer.from([0]), event.bytes);
  }
  breakDown(): void {
    this.#command?.onResult(new Error("read ECONNRESET"));
  }
}

function open(changes: Partial<ReadBinlogOptions> = {}) {
  const connection = new FakeConnection();
  const clock = new VirtualClock();
  const reader = readBinlog({
    connect: async () => connection,
    flavour: "mysql",
    from: emptyPosition("mysql"),
    readerServerId: 7,
    heartbeatMs: 1_000,
    signal: new AbortController().signal,
    clock,
    ...changes,
  });
  return { connection, clock, reader };
}

const withCode = (code: string): unknown => expect.objectContaining({ code });
const xid = makeEvent(EVENT_TYPE.xid, Buffer.alloc(8));
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the reader of a binlog", () => {
  it("gives events that arrived together in one array, each a copy", async () => {
    const { connection, reader } = open();
    const first = reader.next();
    await later();
    connection.deliverEvent(xid);
    connection.deliverEvent(xid);
    expect(await first).toEqual({ done: false, value: [xid, xid] });
    await reader.return(undefined);
  });

  it("stops the socket above the high water mark until what waits is taken", async () => {
    const { connection, reader } = open({ highWaterBytes: 100 });
    const first = reader.next();
    await later();
    connection.deliverEvent(xid);
    await first;
    for (const expected of [false, false, false, true]) {
      connection.deliverEvent(xid);
      expect(connection.stream.isPaused).toBe(expected);
    }
    expect((await reader.next()).value).toHaveLength(4);
    expect(connection.stream.isPaused).toBe(false);
    await reader.return(undefined);
  });

  it("takes a server for lost that sends not one byte for three heartbeats and five seconds", async () => {
    const { connection, clock, reader } = open();
    const first = reader.next();
    await later();
    connection.deliverEvent(makeEvent(EVENT_TYPE.heartbeat));
    await first;
    const second = expect(reader.next()).rejects.toThrow(withCode("database-unavailable"));
    for (let round = 0; round < 5; round++) {
      await clock.advance(6_000);
      // a part of a large event
      connection.stream.bytesRead += 1;
    }
    expect(connection.stream.isDestroyed).toBe(false);
    await clock.advance(10_001);
    await second;
    expect(connection.stream.isDestroyed).toBe(true);
  });

  it("does not take a server for lost while it is the reader that is slow", async () => {
    const { connection, clock, reader } = open({ highWaterBytes: 10 });
    const first = reader.next();
    await later();
    connection.deliverEvent(xid);
    await first;
    connection.deliverEvent(xid);
    await clock.advance(100_000);
    expect((await reader.next()).value).toEqual([xid]);
    await reader.return(undefined);
  });

  it("gives what came before the connection broke, then throws", async () => {
    const { connection, reader } = open();
    const first = reader.next();
    await later();
    connection.deliverEvent(xid);
    connection.breakDown();
    expect((await first).value).toEqual([xid]);
    await expect(reader.next()).rejects.toThrow(withCode("database-unavailable"));
    expect(connection.stream.isDestroyed).toBe(true);
    expect((await reader.next()).done).toBe(true);
  });

  it.each([
    ["a damaged event", [Buffer.from([0]), xid.bytes.subarray(0, -1)], "binlog-corrupt"],
    ["a packet that is none", [Buffer.from([7])], "binlog-corrupt"],
    ["the end without being asked for it", [Buffer.from([0xfe, 0, 0, 0, 0])], "database-unavailable"],
    ["an error", [Buffer.from([0xff, 0x29, 0x04]), Buffer.from("#42000what")], "database-unavailable"],
    ["a refusal", [Buffer.from([0xff, 0xcb, 0x04]), Buffer.from("#42000no")], "forbidden"],
    [
      "a file without checksums",
      [Buffer.from([0]), makeEvent(EVENT_TYPE.formatDescription, Buffer.alloc(98)).bytes],
      "server-unsuitable",
    ],
  ])("throws when the server sends %s", async (_name, payload, code) => {
    const { connection, reader } = open();
    const first = expect(reader.next()).rejects.toThrow(withCode(code));
    await later();
    connection.deliver(...payload);
    await first;
    expect(connection.stream.isDestroyed).toBe(true);
  });

  it("ends at the end where that was asked for", async () => {
    const { connection, reader } = open({ untilEnd: true });
    const first = reader.next();
    await later();
    connection.deliver(Buffer.from([0xfe, 0, 0, 0, 0]));
    expect(await first).toEqual({ done: true, value: undefined });
    expect(connection.stream.isDestroyed).toBe(true);
  });

  it("does not wait for ever for an answer while it prepares its session", async () => {
    const connection = new FakeConnection();
    connection.isMute = true;
    const { clock, reader } = open({ connect: async () => connection });
    const first = expect(reader.next()).rejects.toThrow(withCode("database-unavailable"));
    await clock.advance(8_001);
    await first;
    expect(connection.stream.isDestroyed).toBe(true);
  });

  it("closes a connection that comes after its end, and throws what connect throws", async () => {
    const { promise, resolve } = Promise.withResolvers<BinlogConnection>();
    const late = new FakeConnection();
    let isClosed = false;
    late.destroy = () => (isClosed = true);
    const { reader } = open({ connect: () => promise });
    const first = reader.next();
    await reader.return(undefined);
    expect(await first).toEqual({ done: true, value: undefined });
    resolve(late);
    await later();
    expect(isClosed).toBe(true);

    const refused = new Error("refused");
    await expect(open({ connect: () => Promise.reject(refused) }).reader.next()).rejects.toBe(refused);
  });

  it.each([
    [{ readerServerId: 0 }],
    [{ readerServerId: 2 ** 32 }],
    [{ heartbeatMs: 0 }],
    [{ from: emptyPosition("mariadb") }],
  ])("refuses %j", async (changes) => {
    await expect(open(changes).reader.next()).rejects.toThrow(withCode("invalid-request"));
  });
});

describe("the dump's request", () => {
  async function request(changes: Partial<ReadBinlogOptions>): Promise<FakeConnection> {
    const { connection, reader } = open(changes);
    const first = reader.next();
    await later();
    await reader.return(undefined);
    await first;
    return connection;
  }

  it("to MySQL carries the set in binary form", async () => {
    const from = parseGtidPosition("mysql", `${UUID}:1-5:7`);
    const { sent, statements } = await request({ from, untilEnd: true });
    const set =
      "01000000 00000000 3e11fa4771ca11e19e33c80aa9429562 0200000000000000" +
      "0100000000000000 0600000000000000 0700000000000000 0800000000000000";
    expect(sent.map((packet) => packet.toString("hex"))).toEqual([
      `57000000 1e 0100 07000000 00000000 0400000000000000 40000000 ${set}`.replaceAll(" ", ""),
    ]);
    expect(statements.join(";")).toContain("@source_heartbeat_period=1000000000,");
  });

  it("to MySQL marks a set with tags", async () => {
    const { sent } = await request({ from: parseGtidPosition("mysql", `${UUID}:east:3`) });
    const set =
      "01 010000000000 01 3e11fa4771ca11e19e33c80aa9429562 08 65617374 0100000000000000" +
      "0300000000000000 0400000000000000";
    expect(sent[0]?.toString("hex").endsWith(set.replaceAll(" ", ""))).toBe(true);
  });

  it("to MariaDB carries the list in a variable of the session", async () => {
    const from = parseGtidPosition("mariadb", "1-2-3,0-1-7");
    const { sent, statements } = await request({ from, flavour: "mariadb" });
    expect(sent.map((packet) => packet.toString("hex"))).toEqual([
      "0b000000120400000000000700000000".slice(0, 30),
    ]);
    expect(statements.join(";")).toContain("@slave_connect_state='0-1-7,1-2-3'");
  });
});
