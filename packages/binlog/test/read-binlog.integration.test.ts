import { createReadStream } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { systemClock } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { connectRaw, TestSession } from "@understudy/database-server/test-session";
import {
  checkServerForBinlog,
  decodeQueryEvent,
  emptyPosition,
  EVENT_TYPE,
  expandEvent,
  expandEventInBatches,
  groupTransactions,
  parseGtidPosition,
  readBinlog,
  readEventStream,
  readExecutedPosition,
  readPurgedPosition,
  type BinlogEvent,
  type GtidPosition,
  type ReadBinlogOptions,
  type TransactionHeader,
  type TransactionPart,
} from "../src/index.ts";

interface Transaction {
  readonly header: TransactionHeader;
  readonly events: readonly BinlogEvent[];
}

/** Within this time a server must have purged what nobody reads. */
const PURGE_MS = 30_000;
const PURGES_A_WRITE = 100;

const withCode = (code: string): unknown => expect.objectContaining({ code });

describe.each(testFlavours())("reading the binlog of a real %s server", (flavour: Flavour) => {
  let server: DatabaseServer;
  let session: TestSession;
  let lastReaderId = 1000;

  beforeAll(async () => {
    server = await openTestServer(flavour);
    session = await TestSession.open(server);
    await session.run(
      "CREATE DATABASE shop",
      "USE shop",
      "CREATE TABLE item (id INT PRIMARY KEY, name LONGTEXT)",
    );
  });
  afterAll(async () => {
    session[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  const executed = (): Promise<GtidPosition> => readExecutedPosition(session, flavour);

  function options(changes: Partial<ReadBinlogOptions> = {}): ReadBinlogOptions {
    return {
      connect: () => connectRaw(server),
      flavour,
      from: emptyPosition(flavour),
      readerServerId: ++lastReaderId,
      heartbeatMs: 100,
      signal: AbortSignal.timeout(30_000),
      ...changes,
    };
  }

  async function readTransactions(from: GtidPosition): Promise<Transaction[]> {
    const found: { header: TransactionHeader; events: BinlogEvent[] }[] = [];
    for await (const parts of groupTransactions(flavour, readBinlog(options({ from, untilEnd: true })))) {
      for (const part of parts) {
        if (part.kind === "begin") found.push({ header: part.header, events: [part.event] });
        else if (part.kind !== "format" && part.kind !== "heartbeat") found.at(-1)?.events.push(part.event);
      }
    }
    return found;
  }

  /**
   * Purges until nothing is left to read. A server keeps what a dump still reads, and learns only by writing that its reader is gone; a
   * MariaDB keeps a file until its engine has reported the commits in it as checkpointed, which takes up to a second or two. So it
   * is written now and then, and purged again and again.
   */
  async function purgeEverything(): Promise<GtidPosition> {
    const deadline = systemClock.monotonicMs() + PURGE_MS;
    for (let round = 0; systemClock.monotonicMs() < deadline; round++) {
      if (round % PURGES_A_WRITE === 0) {
        await session.run(`REPLACE INTO item VALUES (70, '${round}', 1)`, "FLUSH BINARY LOGS");
      }
      const logs = await session.rows("SHOW BINARY LOGS");
      await session.run(`PURGE BINARY LOGS TO '${logs.at(-1)?.["Log_name"]}'`);
      const purged = await readPurgedPosition(session, flavour);
      if (purged.equals(await executed())) return purged;
      await systemClock.sleep(20);
    }
    throw new Error("the server does not purge its binlog");
  }

  const typesOf = ({ events }: Transaction): number[] => events.map(({ type }) => type);
  const sqlOf = ({ events }: Transaction): string[] =>
    events
      .flatMap((event) => expandEvent(event, flavour))
      .filter(({ type }) => type === EVENT_TYPE.query)
      .map((event) => decodeQueryEvent(event).sql.toString());

  it("finds the test's own server suitable, and warns of what may be lost", async () => {
    const { warnings } = await checkServerForBinlog(session);
    expect(warnings.join()).toMatch(/sync_binlog is 0.*innodb_flush_log_at_trx_commit is 2/s);
    expect(warnings).toHaveLength(2);
  });

  it("gives every transaction under its GTID, in order, DDL as one statement, rows as such", async () => {
    const from = await executed();
    await session.run(
      "INSERT INTO item VALUES (1, 'a')",
      "ALTER TABLE item ADD COLUMN price INT",
      "CREATE TABLE note (id INT PRIMARY KEY) ENGINE=MyISAM",
      "INSERT INTO note VALUES (1)",
      "CREATE TABLE copy ENGINE=InnoDB SELECT * FROM item",
      "BEGIN",
      "UPDATE item SET price = 3",
      "SAVEPOINT here",
      "DELETE FROM item",
      "ROLLBACK TO here",
      "COMMIT",
      "DROP TABLE copy",
      "DROP TABLE note",
    );
    const transactions = await readTransactions(from);
    const gtids = transactions.map(({ header }) => header.gtid);
    expect(gtids.reduce((position, gtid) => position.withGtid(gtid), from).toString()).toBe(
      (await executed()).toString(),
    );
    expect(transactions.map((transaction) => sqlOf(transaction).filter((sql) => sql !== "BEGIN"))).toEqual([
      [],
      ["ALTER TABLE item ADD COLUMN price INT"],
      ["CREATE TABLE note (id INT PRIMARY KEY) ENGINE=MyISAM"],
      ["COMMIT"],
      [expect.stringMatching(/^CREATE TABLE `copy`/)],
      ["SAVEPOINT `here`"],
      [expect.stringMatching(/^DROP TABLE `/)],
      [expect.stringMatching(/^DROP TABLE `/)],
    ]);
    expect(transactions.map((transaction) => typesOf(transaction).at(-1))).toEqual([
      EVENT_TYPE.xid,
      EVENT_TYPE.query,
      EVENT_TYPE.query,
      EVENT_TYPE.query,
      EVENT_TYPE.xid,
      EVENT_TYPE.xid,
      EVENT_TYPE.query,
      EVENT_TYPE.query,
    ]);
    for (const { header } of transactions) {
      expect(Math.abs(header.committedAtMs - Date.now())).toBeLessThan(60_000);
    }
  });

  it("reads the server's own file, still open for writing, to the same events as the dump", async () => {
    const [log] = await session.rows("SHOW BINARY LOGS");
    const file = createReadStream(join(server.dataDirectory, String(log?.["Log_name"])));
    const ofFile: string[] = [];
    for await (const parts of groupTransactions(flavour, readEventStream(file))) ofFile.push(...hexOf(parts));
    const ofDump: string[] = [];
    const dump = readBinlog(options({ untilEnd: true }));
    for await (const parts of groupTransactions(flavour, dump)) ofDump.push(...hexOf(parts));
    expect(ofFile.length).toBeGreaterThan(20);
    expect(ofFile).toEqual(ofDump);
  });

  it("goes on from the middle", async () => {
    const from = await executed();
    await session.run("INSERT INTO item VALUES (10, 'a', 1)", "INSERT INTO item VALUES (11, 'b', 1)");
    const middle = await executed();
    await session.run("INSERT INTO item VALUES (12, 'c', 1)");
    expect(await readTransactions(from)).toHaveLength(3);
    const [last, ...more] = await readTransactions(middle);
    expect(more).toEqual([]);
    expect(middle.withGtid(last?.header.gtid ?? "").equals(await executed())).toBe(true);
    expect(await readTransactions(await executed())).toEqual([]);
  });

  it("groups XA transactions: the preparation is one, its outcome another", async () => {
    const from = await executed();
    await session.run(
      "XA START 'a'",
      "INSERT INTO item VALUES (20, 'a', 1)",
      "XA END 'a'",
      "XA PREPARE 'a'",
      "XA COMMIT 'a'",
      "XA START 'b'",
      "INSERT INTO item VALUES (21, 'a', 1)",
      "XA END 'b'",
      "XA PREPARE 'b'",
      "XA ROLLBACK 'b'",
    );
    const transactions = await readTransactions(from);
    expect(transactions.map((transaction) => typesOf(transaction).at(-1))).toEqual([
      EVENT_TYPE.xaPrepare,
      EVENT_TYPE.query,
      EVENT_TYPE.xaPrepare,
      EVENT_TYPE.query,
    ]);
    expect(sqlOf(transactions[1] ?? fail())).toEqual([expect.stringMatching(/^XA COMMIT /)]);
    expect(sqlOf(transactions[3] ?? fail())).toEqual([expect.stringMatching(/^XA ROLLBACK /)]);
  });

  it("expands what the server compressed to the same rows", async () => {
    const from = await executed();
    const name = "x".repeat(100_000);
    const on = flavour === "mysql" ? "binlog_transaction_compression" : "GLOBAL log_bin_compress";
    await session.run(`SET ${on}=ON`, `INSERT INTO item VALUES (30, '${name}', 1)`, `SET ${on}=OFF`);
    await session.run(
      "DELETE FROM item WHERE id = 30",
      `INSERT INTO item VALUES (30, '${name}', 1)`,
      "DELETE FROM item WHERE id = 30",
    );
    const [compressed, , plain] = await readTransactions(from);
    const isRows = ({ type }: BinlogEvent): boolean => type === (flavour === "mysql" ? 30 : 23);
    const expanded: BinlogEvent[] = [];
    for (const event of compressed?.events ?? []) {
      for await (const batch of expandEventInBatches(event, flavour)) expanded.push(...batch);
    }
    expect(compressed?.events.some(isRows)).toBe(false);
    expect(compressed?.events.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(2_000);
    const rowsOf = (events: readonly BinlogEvent[]): Buffer =>
      Buffer.concat(events.filter(isRows).map(({ bytes }) => bytes.subarray(19, -4)));
    expect(rowsOf(expanded).length).toBeGreaterThan(100_000);
    expect(rowsOf(expanded).equals(rowsOf(plain?.events ?? []))).toBe(true);
  });

  it("reads rows larger than a packet of the protocol, and a transaction of many events", async () => {
    const from = await executed();
    await session.run(
      "INSERT INTO item VALUES (40, REPEAT('x', 33554432), 1)",
      "INSERT INTO item SELECT seq.n + 100, REPEAT('y', 50000), 1 FROM (WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 200) SELECT n FROM c) seq",
    );
    const [huge, many] = await readTransactions(from);
    expect(Math.max(...(huge?.events.map(({ bytes }) => bytes.length) ?? []))).toBeGreaterThan(33_554_432);
    expect(many?.events.length).toBeGreaterThan(100);
    await session.run("DELETE FROM item");
  });

  it.runIf(flavour === "mysql")("reads and asks for GTIDs with tags", async () => {
    const from = await executed();
    await session.run(
      "SET gtid_next='AUTOMATIC:east'",
      "INSERT INTO item VALUES (50, 'a', 1)",
      "SET gtid_next='AUTOMATIC'",
    );
    const middle = await executed();
    await session.run("INSERT INTO item VALUES (51, 'a', 1)");
    expect(middle.toString()).toMatch(/:east:1$/);
    expect((await readTransactions(from)).map(({ header }) => header.gtid)).toEqual([
      expect.stringMatching(/:east:1$/),
      expect.not.stringMatching(/east/),
    ]);
    expect(await readTransactions(middle)).toHaveLength(1);
  });

  it("tells that the source is alive and idle, and gives what comes at once", async () => {
    const reader = groupTransactions(flavour, readBinlog(options({ from: await executed() })));
    const kinds: string[] = [];
    for await (const parts of reader) {
      kinds.push(...parts.map(({ kind }) => kind));
      if (kinds.at(-1) === "heartbeat") await session.run("INSERT INTO item VALUES (60, 'a', 1)");
      if (kinds.at(-1) === "end") break;
    }
    expect(kinds).toContain("heartbeat");
    await session.run("DELETE FROM item");
  });

  it("lets two readers of different ids run side by side, and an id be used once", async () => {
    const from = await executed();
    const first = readBinlog(options({ from }));
    const second = readBinlog(options({ from, readerServerId: 900 }));
    await first.next();
    await second.next();
    const third = readBinlog(options({ from, readerServerId: 900 }));
    await third.next();
    const untilThrown = async (): Promise<void> => {
      for await (const events of second) expect(events.length).toBeGreaterThan(0);
    };
    await expect(untilThrown()).rejects.toThrow(withCode("database-unavailable"));
    // the others hear heartbeats still
    expect((await first.next()).done).toBe(false);
    expect((await third.next()).done).toBe(false);
    await first.return(undefined);
    await third.return(undefined);
  });

  it("ends at once: by return while a next waits, and by its signal with the reason", async () => {
    const from = await executed();
    const returned = readBinlog(options({ from }));
    await readUntilHeartbeat(returned);
    const pending = returned.next();
    await returned.return(undefined);
    expect(await pending).toEqual({ done: true, value: undefined });

    const abort = new AbortController();
    const aborted = readBinlog(options({ from, signal: abort.signal }));
    await readUntilHeartbeat(aborted);
    const next = aborted.next();
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(next).rejects.toBe(reason);
    await expect(readBinlog(options({ signal: AbortSignal.abort(reason) })).next()).rejects.toBe(reason);
  });

  it("needs a snapshot where the position is purged or not the server's", async () => {
    const before = await executed();
    const purged = await purgeEverything();
    await expect(readTransactions(before)).rejects.toThrow(withCode("snapshot-required"));
    await expect(readTransactions(emptyPosition(flavour))).rejects.toThrow(withCode("snapshot-required"));
    expect(await readTransactions(purged)).toEqual([]);
    await expect(readTransactions(foreign(flavour, purged))).rejects.toThrow(withCode("snapshot-required"));
  });

  it.runIf(flavour === "mariadb")(
    "needs a snapshot where the history has parted from the server's",
    async () => {
      const parted = (await executed()).toString().replace("0-1-", "0-2-");
      await expect(readTransactions(parseGtidPosition(flavour, parted))).rejects.toThrow(
        withCode("snapshot-required"),
      );
    },
  );

  it("says what an account may not do", async () => {
    await session.run("CREATE USER reader@localhost IDENTIFIED BY 'secret'");
    const connect = () => connectRaw(server, { user: "reader", password: "secret" });
    const reader = readBinlog(options({ connect }));
    await expect(reader.next()).rejects.toThrow(withCode("forbidden"));
  });

  it("names every setting that is wrong at once", async () => {
    await session.run("SET GLOBAL binlog_format=STATEMENT", "SET GLOBAL binlog_row_image=MINIMAL");
    const check = checkServerForBinlog(session);
    await expect(check).rejects.toThrow(withCode("server-unsuitable"));
    await expect(check).rejects.toThrow(/binlog_format must be ROW.*binlog_row_image must be FULL/);
    await session.run("SET GLOBAL binlog_format=ROW", "SET GLOBAL binlog_row_image=FULL");
  });

  it("throws when the server shuts down or dies, and when it cannot be reached", async () => {
    const from = await executed();
    const reader = readBinlog(options({ from }));
    await reader.next();
    await server.killHard();
    await expect(drain(reader)).rejects.toThrow(withCode("database-unavailable"));
    await expect(readBinlog(options({ from })).next()).rejects.toThrow(withCode("database-unavailable"));
    await server.start();
    const again = readBinlog(options({ from }));
    await again.next();
    const end = expect(drain(again)).rejects.toThrow(withCode("database-unavailable"));
    await server.stop();
    await end;
  });
});

/** The bytes of what belongs to transactions. */
function hexOf(parts: readonly TransactionPart[]): string[] {
  return parts.flatMap((part) =>
    part.kind === "format" || part.kind === "heartbeat" ? [] : [part.event.bytes.toString("hex")],
  );
}

/** Reads until the end, or what is thrown. */
async function drain(reader: AsyncGenerator<readonly BinlogEvent[]>): Promise<void> {
  for await (const events of reader) expect(events.length).toBeGreaterThan(0);
}

/** After it, nothing more comes for a heartbeat's time. */
async function readUntilHeartbeat(reader: AsyncGenerator<readonly BinlogEvent[]>): Promise<void> {
  for (;;) {
    const { done, value } = await reader.next();
    if (done) throw new Error("the reader ended");
    if (value.some(({ type }) => type === EVENT_TYPE.heartbeat)) return;
  }
}

function foreign(flavour: Flavour, position: GtidPosition): GtidPosition {
  if (flavour === "mariadb") return position.withGtid("0-1-1000000");
  return position.withGtid(`${position.toString().slice(0, 36)}:1000000`);
}

function fail(): never {
  throw new Error("a transaction is missing");
}
