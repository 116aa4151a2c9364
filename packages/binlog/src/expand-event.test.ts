import { deflateSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { makeEvent, makeQuery, makeRows } from "../test/made-events.ts";
import type { BinlogEvent } from "./binlog-event.ts";
import { decodeEvent } from "./decode-event.ts";
import { expandEvent, expandEventInBatches } from "./expand-event.ts";
import { EVENT_TYPE as T } from "./event-type.ts";

/** As an event stands within a payload: without checksum. */
function bare(event: BinlogEvent): Buffer {
  const bytes = Buffer.from(event.bytes.subarray(0, -4));
  bytes.writeUInt32LE(bytes.length, 9);
  return bytes;
}

function integer(value: number): Buffer {
  if (value < 251) return Buffer.from([value]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt8(253);
  bytes.writeUIntLE(value, 1, 3);
  return bytes;
}

function field(number: number, value: number): Buffer {
  const bytes = integer(value);
  return Buffer.concat([integer(number), integer(bytes.length), bytes]);
}

function makePayload(
  content: Buffer,
  compression = 0,
  says: { expandedBytes?: number; bytes?: number } = {},
): BinlogEvent {
  const packed = compression === 0 ? zstdCompressSync(content) : content;
  const head = Buffer.concat([
    field(2, compression),
    field(3, says.expandedBytes ?? content.length),
    field(1, says.bytes ?? packed.length),
    integer(0),
  ]);
  return makeEvent(T.transactionPayload, Buffer.concat([head, packed]));
}

async function inBatches(event: BinlogEvent, flavour: "mysql" | "mariadb"): Promise<BinlogEvent[]> {
  const events: BinlogEvent[] = [];
  for await (const batch of expandEventInBatches(event, flavour)) events.push(...batch);
  return events;
}

const transaction = [
  makeQuery("BEGIN"),
  makeEvent(T.tableMap, Buffer.alloc(12)),
  ...Array.from({ length: 50 }, (_, index) => makeRows(T.writeRows, 0, Buffer.alloc(40_000, index))),
  makeEvent(T.xid, Buffer.alloc(8)),
];
const content = Buffer.concat(transaction.map(bare));

describe("MySQL's payload event", () => {
  it.each([0, 255])(
    "holds the whole transaction (compression %s), with checksums added",
    async (compression) => {
      const payload = makePayload(content, compression);
      expect(expandEvent(payload, "mysql")).toEqual(transaction);
      expect(await inBatches(payload, "mysql")).toEqual(transaction);
      for (const event of expandEvent(payload, "mysql")) expect(decodeEvent(event.bytes)).toEqual(event);
    },
  );

  it("has a limit only where it is expanded at once", async () => {
    const payload = makePayload(content);
    expect(() => expandEvent(payload, "mysql", { expandedBytesMax: 1_000_000 })).toThrow(
      expect.objectContaining({ code: "binlog-unsupported" }),
    );
    expect(await inBatches(payload, "mysql")).toHaveLength(transaction.length);
  });

  it.each([
    ["less than it says", makePayload(content, 0, { expandedBytes: content.length + 1 }), "binlog-corrupt"],
    ["more than it says", makePayload(content, 0, { expandedBytes: content.length - 1 }), "binlog-corrupt"],
    ["a torn event", makePayload(content.subarray(0, -1)), "binlog-corrupt"],
    ["another number of bytes", makePayload(content, 0, { bytes: 3 }), "binlog-corrupt"],
    ["no end of its fields", makeEvent(T.transactionPayload, Buffer.from([1, 1])), "binlog-corrupt"],
    ["an unknown compression", makePayload(content, 7), "binlog-unsupported"],
    [
      "something else",
      makeEvent(
        T.transactionPayload,
        Buffer.concat([field(2, 0), field(1, 4), integer(0), Buffer.from("what")]),
      ),
      "binlog-corrupt",
    ],
  ])("is refused when it holds %s", async (_name, payload, code) => {
    expect(() => expandEvent(payload, "mysql")).toThrow(expect.objectContaining({ code }));
    await expect(inBatches(payload, "mysql")).rejects.toThrow(expect.objectContaining({ code }));
  });
});

function compressTail(plain: Buffer): Buffer {
  const length = Buffer.alloc(3);
  length.writeUInt8(0x82);
  length.writeUInt16BE(plain.length, 1);
  return Buffer.concat([length, deflateSync(plain)]);
}

describe("MariaDB's compressed events", () => {
  const columns = Buffer.concat([integer(9), Buffer.from([0xff, 0x01])]);
  const twoImages = Buffer.concat([columns, Buffer.from([0xff, 0x01])]);
  const moreData = Buffer.from([2, 0]);
  const rows = Buffer.alloc(3_000, 7);
  const compressed = (type: number, head: Buffer): BinlogEvent =>
    makeRows(type, 1, Buffer.concat([head, compressTail(rows)]));
  const plain = (type: number, head: Buffer): BinlogEvent => makeRows(type, 1, Buffer.concat([head, rows]));

  it.each([
    ["write", T.mariadbWriteRowsCompressedV1, T.writeRowsV1, columns],
    ["update", T.mariadbUpdateRowsCompressedV1, T.updateRowsV1, twoImages],
    ["delete", T.mariadbDeleteRowsCompressedV1, T.deleteRowsV1, columns],
    ["write, version 2", T.mariadbWriteRowsCompressed, T.writeRows, Buffer.concat([moreData, columns])],
    ["update, version 2", T.mariadbUpdateRowsCompressed, T.updateRows, Buffer.concat([moreData, twoImages])],
    ["delete, version 2", T.mariadbDeleteRowsCompressed, T.deleteRows, Buffer.concat([moreData, columns])],
  ])("hold rows: %s", async (_name, type, plainType, head) => {
    expect(expandEvent(compressed(type, head), "mariadb")).toEqual([plain(plainType, head)]);
    expect(await inBatches(compressed(type, head), "mariadb")).toEqual([plain(plainType, head)]);
  });

  it("hold a statement", () => {
    const sql = `CREATE TABLE t (${"a INT, ".repeat(100)})`;
    const query = makeQuery(sql);
    const head = query.bytes.subarray(19, query.bytes.length - 4 - sql.length);
    const event = makeEvent(T.mariadbQueryCompressed, Buffer.concat([head, compressTail(Buffer.from(sql))]));
    expect(expandEvent(event, "mariadb")).toEqual([query]);
  });

  it.each([
    ["beyond the limit", compressed(T.mariadbWriteRowsCompressedV1, columns), "binlog-unsupported"],
    [
      "damaged",
      makeRows(T.mariadbWriteRowsCompressedV1, 1, Buffer.concat([columns, Buffer.from([0x81, 9, 1, 2, 3])])),
      "binlog-corrupt",
    ],
    ["without rows", makeRows(T.mariadbWriteRowsCompressedV1, 1, columns), "binlog-corrupt"],
    [
      "compressed in another way",
      makeRows(T.mariadbWriteRowsCompressedV1, 1, Buffer.concat([columns, Buffer.from([0x91, 9, 1])])),
      "binlog-unsupported",
    ],
  ])("are refused when %s", (_name, event, code) => {
    expect(() => expandEvent(event, "mariadb", { expandedBytesMax: 2_999 })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

it("everything else is given back as it is, also a type of the other flavour", async () => {
  const event = makeRows(T.writeRows);
  expect(expandEvent(event, "mysql")).toEqual([event]);
  expect(await inBatches(event, "mysql")).toEqual([event]);
  const foreign = makePayload(content);
  expect(expandEvent(foreign, "mariadb")).toEqual([foreign]);
});
