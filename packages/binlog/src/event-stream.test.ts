import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeEvent } from "../test/made-events.ts";
import type { BinlogEvent } from "./binlog-event.ts";
import { decodeEvent } from "./decode-event.ts";
import { BINLOG_MAGIC, readEventStream, type EventStreamLimits } from "./event-stream.ts";

const binlog = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.uint8Array({ maxLength: 80 })), { maxLength: 12 })
  .map((events) => events.map(([type, body]) => makeEvent(type, body)));

function bytesOf(events: readonly BinlogEvent[]): Buffer {
  return Buffer.concat([BINLOG_MAGIC, ...events.map((event) => event.bytes)]);
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (let turn = 0; offset < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield new Uint8Array(bytes.subarray(offset, offset + size));
    offset += size;
  }
}

async function readAll(
  source: AsyncIterable<Uint8Array>,
  limits?: EventStreamLimits,
): Promise<BinlogEvent[]> {
  const events: BinlogEvent[] = [];
  for await (const batch of readEventStream(source, limits)) events.push(...batch);
  return events;
}

const corrupt = expect.objectContaining({ code: "binlog-corrupt" });
const sizes = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 20 });

describe("a stream of events", () => {
  it("reads the same however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(binlog, sizes, async (events, chunkSizes) => {
        expect(await readAll(cut(bytesOf(events), chunkSizes))).toEqual(events);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused when it ends anywhere but between events", async () => {
    await fc.assert(
      fc.asyncProperty(binlog, sizes, fc.nat(), async (events, chunkSizes, where) => {
        const whole = bytesOf(events);
        const end = where % whole.length;
        const boundaries = new Set([4]);
        for (const event of events) boundaries.add(Math.max(...boundaries) + event.bytes.length);
        fc.pre(!boundaries.has(end));
        await expect(readAll(cut(whole.subarray(0, end), chunkSizes))).rejects.toThrow(corrupt);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused when any bit of it is changed", async () => {
    await fc.assert(
      fc.asyncProperty(
        binlog,
        sizes,
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        async (events, chunkSizes, where, bit) => {
          const altered = bytesOf(events);
          const at = where % altered.length;
          altered.writeUInt8(altered.readUInt8(at) ^ (1 << bit), at);
          await expect(readAll(cut(altered, chunkSizes))).rejects.toThrow(corrupt);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is refused when an event in it is too large, before it has arrived", async () => {
    const events = [makeEvent(2), makeEvent(30, Buffer.alloc(1000))];
    const start = bytesOf(events).subarray(0, 60);
    await expect(readAll(cut(start, [60]), { eventBytesMax: 1000 })).rejects.toThrow(/1023 bytes/);
    expect(await readAll(cut(bytesOf(events), [60]), { eventBytesMax: 1023 })).toEqual(events);
  });

  it("gives events of a chunk together, and passes the source's own error on", async () => {
    const events = [makeEvent(2), makeEvent(16)];
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytesOf(events);
      throw new Error("socket hang up");
    }
    const stream = readEventStream(broken());
    expect(await stream.next()).toEqual({ done: false, value: events });
    await expect(stream.next()).rejects.toThrow("socket hang up");
  });

  it("may be empty, but not without its magic bytes", async () => {
    expect(await readAll(cut(BINLOG_MAGIC, [4]))).toEqual([]);
    await expect(readAll(cut(Buffer.alloc(0), [4]))).rejects.toThrow(corrupt);
  });
});

describe("one event", () => {
  it("shows the fields of its header", () => {
    const event = makeEvent(30, Buffer.from("rows"), { flags: 0x80, timestamp: 7, serverId: 9 });
    expect(decodeEvent(event.bytes)).toEqual({
      type: 30,
      timestamp: 7,
      serverId: 9,
      flags: 0x80,
      nextPosition: 0,
      bytes: event.bytes,
    });
  });

  it("passes as a format event of a file that is still written to, whose flag the checksum does not cover", () => {
    const format = makeEvent(15, Buffer.alloc(98));
    const inUse = Buffer.from(format.bytes);
    inUse.writeUInt16LE(1, 17);
    expect(decodeEvent(inUse).type).toBe(15);
    const other = Buffer.from(makeEvent(16, Buffer.alloc(8)).bytes);
    other.writeUInt16LE(1, 17);
    expect(() => decodeEvent(other)).toThrow(corrupt);
  });

  it("is refused when it is shorter than a header or than it says", () => {
    expect(() => decodeEvent(Buffer.alloc(22))).toThrow(corrupt);
    expect(() => decodeEvent(Buffer.concat([makeEvent(2).bytes, Buffer.alloc(1)]))).toThrow(corrupt);
  });
});
