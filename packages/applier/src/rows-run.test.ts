import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVENT_TYPE, isRowsEvent, type BinlogEvent } from "@understudy/binlog";
import { endsStatement, mappedTable, withMappedTable } from "./rows-event.ts";
import { RowsRun } from "./rows-run.ts";

function event(type: number, body: Buffer): BinlogEvent {
  const bytes = Buffer.alloc(19 + body.length + 4);
  bytes[4] = type;
  bytes.writeUInt32LE(bytes.length, 9);
  body.copy(bytes, 19);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return { type, timestamp: 0, serverId: 1, flags: 0, nextPosition: 0, bytes };
}

function tableMap(table: string): BinlogEvent {
  const head = Buffer.alloc(8);
  head[0] = 9;
  const name = (text: string): Buffer =>
    Buffer.concat([Buffer.from([text.length]), Buffer.from(text), Buffer.from([0])]);
  return event(
    EVENT_TYPE.tableMap,
    Buffer.concat([head, name("shop"), name(table), Buffer.from([1, 3, 0, 0])]),
  );
}

function rows(data: number, isLast: boolean): BinlogEvent {
  const body = Buffer.alloc(12);
  body.writeUInt16LE(isLast ? 1 : 0, 6);
  body[11] = data;
  return event(EVENT_TYPE.writeRows, body);
}

const hasGoodChecksum = (bytes: Buffer): boolean =>
  crc32(bytes.subarray(0, -4)) === bytes.readUInt32LE(bytes.length - 4) &&
  bytes.readUInt32LE(9) === bytes.length;

describe("a run of rows", () => {
  it("cut anywhere gives whole statements that hold each row once, in order, behind its table maps", () => {
    const statements = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(statements, fc.infiniteStream(fc.boolean()), (lengths, cuts) => {
        const run = new RowsRun();
        const parts: Buffer[][] = [];
        let next = 0;
        for (const length of lengths) {
          run.add(tableMap("a"));
          run.add(tableMap("b"));
          for (let index = 0; index < length; index++) {
            run.add(rows(next++, index === length - 1));
            if (run.canCut && cuts.next().value === true) parts.push(run.cut());
          }
        }
        if (!run.isEmpty) parts.push(run.cut());
        expect(run.isEmpty).toBe(true);
        const seen: number[] = [];
        for (const part of parts) {
          expect(part.every((bytes) => hasGoodChecksum(bytes))).toBe(true);
          expect(part[0]?.[4]).toBe(EVENT_TYPE.tableMap);
          expect(part[1]?.[4]).toBe(EVENT_TYPE.tableMap);
          expect((part.at(-1)?.readUInt16LE(25) ?? 0) & 1).toBe(1);
          for (const bytes of part) if (isRowsEvent(bytes[4] ?? 0)) seen.push(bytes[30] ?? -1);
        }
        expect(seen).toEqual(Array.from({ length: next }, (_, index) => index));
      }),
    );
  });

  it("is one statement only as long as it is whole and uncut", () => {
    const run = new RowsRun();
    run.add(tableMap("a"));
    run.add(rows(1, false));
    expect(run.isOneStatement).toBe(false);
    run.add(rows(2, true));
    expect(run.isOneStatement).toBe(true);
    run.add(tableMap("a"));
    expect(run.isOneStatement).toBe(false);
    run.add(rows(3, true));
    expect(run.isOneStatement).toBe(false);
  });

  it("leaves the given events as they are", () => {
    const run = new RowsRun();
    const open = rows(1, false);
    run.add(tableMap("a"));
    run.add(open);
    run.cut();
    expect(endsStatement(open.bytes)).toBe(false);
    expect(hasGoodChecksum(open.bytes)).toBe(true);
  });
});

describe("a table map", () => {
  it("tells its table and can lead to another", () => {
    const map = tableMap("item");
    expect(mappedTable(map)).toBe("shop.item");
    const other = withMappedTable(map, "elsewhere");
    expect(mappedTable(other)).toBe("shop.elsewhere");
    expect(hasGoodChecksum(other.bytes)).toBe(true);
    expect(other.bytes.subarray(-8, -4)).toEqual(map.bytes.subarray(-8, -4));
  });
});
