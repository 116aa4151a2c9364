import { describe, expect, it } from "vitest";
import { makeEvent, makeMariadbGtid, makeMysqlGtid, makeQuery, makeRows } from "../test/made-events.ts";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_TYPE as T } from "./event-type.ts";
import { groupTransactions, TransactionGrouper } from "./transaction-grouper.ts";
import type { TransactionPart } from "./transaction-part.ts";

const xid = makeEvent(T.xid, Buffer.alloc(8));
const tableMap = makeEvent(T.tableMap, Buffer.alloc(12));
const mysqlRows = makeRows(T.writeRows);
const mariadbRows = makeRows(T.writeRowsV1);
const prepare = makeEvent(T.xaPrepare, Buffer.alloc(15));

function group(flavour: "mysql" | "mariadb", events: readonly BinlogEvent[]): TransactionPart[] {
  const grouper = new TransactionGrouper(flavour);
  return events.flatMap((event) => grouper.push(event));
}

const kinds = (parts: readonly TransactionPart[]): string => parts.map(({ kind }) => kind).join(" ");
const withCode = (code: string, details = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) });

describe.each([
  ["a transaction", [makeQuery("BEGIN"), tableMap, mysqlRows, xid], "begin event event event end"],
  ["a DDL", [makeQuery("CREATE TABLE a (b INT)")], "begin end"],
  [
    "one of a non-transactional engine",
    [makeQuery("BEGIN"), tableMap, mysqlRows, makeQuery("COMMIT")],
    "begin event event event end",
  ],
  ["an empty one", [makeQuery("BEGIN"), makeQuery("COMMIT")], "begin event end"],
  [
    "savepoints",
    [makeQuery("BEGIN"), makeQuery("SAVEPOINT `s`"), mysqlRows, makeQuery("ROLLBACK TO `s`"), xid],
    "begin event event event event end",
  ],
  [
    "one that is rolled back",
    [makeQuery("BEGIN"), mysqlRows, makeQuery("ROLLBACK")],
    "begin event event end",
  ],
  [
    "CREATE TABLE … SELECT",
    [makeQuery("BEGIN"), makeQuery("CREATE TABLE `t` (`a` int) START TRANSACTION"), tableMap, mysqlRows, xid],
    "begin event event event event end",
  ],
  [
    "XA PREPARE",
    [makeQuery("XA START X'7831',X'',1"), tableMap, mysqlRows, makeQuery("XA END X'7831',X'',1"), prepare],
    "begin event event event event end",
  ],
  ["XA COMMIT", [makeQuery("XA COMMIT X'7831',X'',1")], "begin end"],
  ["XA ROLLBACK", [makeQuery("XA ROLLBACK X'7831',X'',1")], "begin end"],
  ["a compressed one", [makeEvent(T.transactionPayload, Buffer.alloc(5))], "begin end"],
  [
    "annotations and heartbeats",
    [
      makeEvent(T.heartbeat),
      makeQuery("BEGIN"),
      makeEvent(T.rowsQuery),
      makeEvent(T.heartbeatV2),
      mysqlRows,
      xid,
    ],
    "begin event event end",
  ],
  [
    "an unknown event that may be ignored",
    [makeEvent(99, Buffer.alloc(3), { flags: 0x80 }), makeQuery("BEGIN"), xid],
    "begin event end",
  ],
  [
    "a session variable before its statement",
    [makeEvent(T.intVar, Buffer.alloc(9)), makeQuery("CREATE USER a")],
    "begin event end",
  ],
])("MySQL: %s", (_name, events, expected) => {
  it(`is grouped as ${expected}`, () => {
    expect(
      kinds(group("mysql", [makeMysqlGtid(7), ...events, makeMysqlGtid(8), makeQuery("DROP TABLE x")])),
    ).toBe(`${expected} begin end`);
  });
});

describe.each([
  [
    "a transaction",
    12,
    [makeEvent(T.mariadbAnnotateRows), tableMap, mariadbRows, xid],
    "begin event event end",
  ],
  ["a DDL", 41, [makeQuery("CREATE TABLE a (b INT)")], "begin end"],
  ["a compressed DDL", 41, [makeEvent(T.mariadbQueryCompressed, Buffer.alloc(30))], "begin end"],
  [
    "one of a non-transactional engine",
    8,
    [tableMap, mariadbRows, makeQuery("COMMIT")],
    "begin event event end",
  ],
  [
    "savepoints",
    12,
    [makeQuery("SAVEPOINT `s`"), mariadbRows, makeQuery("ROLLBACK TO `s`"), xid],
    "begin event event event end",
  ],
  [
    "CREATE TABLE … SELECT",
    40,
    [makeQuery("CREATE TABLE `t` (`a` int)"), tableMap, mariadbRows, xid],
    "begin event event event end",
  ],
  [
    "standalone rows",
    1,
    [tableMap, makeRows(T.writeRowsV1, 0), makeRows(T.writeRowsV1, 1)],
    "begin event event end",
  ],
  ["compressed rows", 12, [tableMap, makeRows(T.mariadbWriteRowsCompressedV1), xid], "begin event event end"],
  [
    "XA PREPARE",
    76,
    [tableMap, mariadbRows, makeQuery("XA END X'7831',X'',1"), prepare],
    "begin event event event end",
  ],
  ["XA COMMIT", 141, [makeQuery("XA COMMIT X'7831',X'',1")], "begin end"],
] as const)("MariaDB: %s", (_name, flags, events, expected) => {
  it(`is grouped as ${expected}`, () => {
    const next = [makeMariadbGtid(8, 1), makeQuery("DROP TABLE x")];
    expect(kinds(group("mariadb", [makeMariadbGtid(7, flags), ...events, ...next]))).toBe(
      `${expected} begin end`,
    );
  });
});

it("passes the format on, drops what only its own server needs, and tells an idle source's heartbeats", () => {
  const format = makeEvent(T.formatDescription, Buffer.alloc(98));
  const others = [T.rotate, T.stop, T.mysqlPreviousGtids, T.mariadbGtidList, T.mariadbBinlogCheckpoint];
  const events = [
    ...others.map((type) => makeEvent(type)),
    format,
    makeEvent(T.heartbeat),
    makeEvent(T.heartbeatV2),
  ];
  expect(group("mysql", events)).toEqual([
    { kind: "format", event: format },
    { kind: "heartbeat" },
    { kind: "heartbeat" },
  ]);
});

it("reads MySQL's GTID, clock and time of commit", () => {
  const [begin] = group("mysql", [makeMysqlGtid(7)]);
  expect(begin).toMatchObject({
    header: {
      gtid: "3e11fa47-71ca-11e1-9e33-c80aa9429562:7",
      parallel: { kind: "logical-clock", lastCommitted: 6n, sequenceNumber: 7n },
      flags: 0,
      committedAtMs: 1_700_000_000_123,
    },
  });
});

it("reads MariaDB's GTID, flags and group of commits", () => {
  const commitId = Buffer.alloc(8);
  commitId.writeBigUInt64LE(99n);
  const [begin] = group("mariadb", [makeMariadbGtid(7, 2 | 12, commitId)]);
  expect(begin).toMatchObject({
    header: {
      gtid: "4-1-7",
      parallel: { kind: "group-commit", commitId: 99n },
      flags: 14,
      committedAtMs: 1_700_000_000_000,
    },
  });
});

describe("stops rather than skip", () => {
  it.each([T.incident, T.mysqlAnonymousGtid, T.mariadbStartEncryption, 17, 99, 255])(
    "type %s, with its number",
    (type) => {
      expect(() => group("mysql", [makeEvent(type)])).toThrow(
        withCode("binlog-unsupported", { eventType: type }),
      );
      expect(() => group("mysql", [makeMysqlGtid(7), makeQuery("BEGIN"), makeEvent(type)])).toThrow(
        withCode("binlog-unsupported", { eventType: type, gtid: "3e11fa47-71ca-11e1-9e33-c80aa9429562:7" }),
      );
    },
  );

  it("half of MariaDB's two-phase ALTER TABLE", () => {
    expect(() => group("mariadb", [makeMariadbGtid(7, 41, Buffer.from([2, 1, 0, 0, 0]))])).toThrow(
      withCode("binlog-unsupported", { gtid: "4-1-7" }),
    );
  });

  it.each([
    ["rows outside of a transaction", [tableMap]],
    ["a transaction within another", [makeMysqlGtid(7), makeQuery("BEGIN"), makeMysqlGtid(8)]],
    ["a file's end within a transaction", [makeMysqlGtid(7), makeEvent(T.rotate)]],
    ["a new file within a transaction", [makeMysqlGtid(7), makeEvent(T.formatDescription, Buffer.alloc(98))]],
    ["a Query event without its parts", [makeMysqlGtid(7), makeEvent(T.query, Buffer.alloc(12))]],
    ["a GTID event without its parts", [makeEvent(T.mysqlGtid, Buffer.alloc(40))]],
    ["a tagged GTID event without its parts", [makeEvent(T.mysqlTaggedGtid, Buffer.alloc(4))]],
  ])("%s", (_name, events) => {
    expect(() => group("mysql", events)).toThrow(expect.objectContaining({ code: "binlog-corrupt" }));
  });
});

describe("batches", () => {
  async function collect(batches: readonly (readonly BinlogEvent[])[]): Promise<string[]> {
    async function* source(): AsyncGenerator<readonly BinlogEvent[]> {
      yield* batches;
    }
    const found: string[] = [];
    for await (const parts of groupTransactions("mysql", source())) found.push(kinds(parts));
    return found;
  }

  it("stay batches, without the empty ones", async () => {
    const batches = [
      [makeEvent(T.rotate)],
      [makeMysqlGtid(7), makeQuery("BEGIN")],
      [mysqlRows, xid, makeEvent(T.heartbeat)],
    ];
    expect(await collect(batches)).toEqual(["begin event", "event end heartbeat"]);
  });

  it("must not end within a transaction", async () => {
    await expect(collect([[makeMysqlGtid(7), makeQuery("BEGIN")]])).rejects.toThrow(
      expect.objectContaining({ code: "binlog-corrupt" }),
    );
  });
});
