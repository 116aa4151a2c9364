import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVENT_TYPE, isRowsEvent, readEventStream, type BinlogEvent } from "@understudy/binlog";
import { testFlavours } from "@understudy/database-server";
import { silentLogger, systemClock, systemRandom } from "@understudy/kernel";
import { connectRaw } from "@understudy/database-server/test-session";
import { buildBatch, mariadbEntry } from "../src/batch.ts";
import { openSession, type Session } from "../src/session.ts";
import { StepRunner } from "../src/step-runner.ts";
import type { BatchEntry } from "../src/step.ts";
import { ReplicationPair } from "./replication-pair.ts";

// What cannot be repeated under one GTID must never be passed over: the server writes a part of it under a number of its own, which is
// the next transaction's. Sequences were such a case.
describe.runIf(testFlavours().includes("mariadb"))("a transaction that the server divides", () => {
  let pair: ReplicationPair;

  beforeEach(async () => {
    pair = await ReplicationPair.open("mariadb");
    await pair.onSource.run(
      "CREATE DATABASE shop",
      "USE shop",
      "CREATE SEQUENCE numbers",
      "CREATE TABLE item (id BIGINT DEFAULT NEXTVAL(numbers) PRIMARY KEY, v INT)",
      "CREATE TABLE loose (v VARCHAR(1000)) ENGINE=Aria",
      "CREATE TABLE wide (v VARCHAR(1000))",
    );
    await pair.catchUp();
  });
  afterEach(() => pair[Symbol.asyncDispose]());

  /** A session of the applier's kind beside it, and the transactions behind its position as they were applied before sequences were known. */
  async function naive(): Promise<{ session: Session; runner: StepRunner; entries: BatchEntry[] }> {
    await pair.applier[Symbol.asyncDispose]();
    const signal = AbortSignal.timeout(60_000);
    const session = await openSession({
      flavour: "mariadb",
      connect: () => connectRaw(pair.replica),
      signal,
    });
    const runner = new StepRunner({
      session,
      reopen: () => Promise.reject(new Error("not asked for")),
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      signal,
    });
    const { format, groups } = await written();
    await runner.run({ kind: "format", event: format }, () => undefined);
    return { session, runner, entries: groups.map((group) => naiveEntry(group)) };
  }

  async function written(): Promise<{ format: BinlogEvent; groups: { gtid: string; rows: Buffer[] }[] }> {
    let format: BinlogEvent | null = null;
    const groups: { gtid: string; rows: Buffer[] }[] = [];
    for await (const batch of readEventStream(pair.body(pair.applier.position))) {
      for (const event of batch) {
        const { bytes, type, serverId } = event;
        if (type === EVENT_TYPE.formatDescription) format = { ...event, bytes: Buffer.from(bytes) };
        if (type === EVENT_TYPE.mariadbGtid)
          groups.push({ gtid: `0-${serverId}-${bytes.readBigUInt64LE(19)}`, rows: [] });
        if (type === EVENT_TYPE.tableMap || isRowsEvent(type)) groups.at(-1)?.rows.push(Buffer.from(bytes));
      }
    }
    if (format === null) throw new Error("the body has no format");
    return { format, groups };
  }

  function naiveEntry({ gtid, rows }: { gtid: string; rows: Buffer[] }): BatchEntry {
    return mariadbEntry(
      { gtid, tableMap: null, events: rows, isOneStatement: rows.length === 2, isDivisible: false },
      { kept: "gtid_domain_id=0,server_id=1", once: `gtid_seq_no=${gtid.split("-")[2]}` },
    );
  }

  it("is seen by the GTID that the server wrote last, though all went well", async () => {
    await pair.onSource.run("INSERT INTO item (v) VALUES (1)");
    const { session, runner, entries } = await naive();
    const committed: string[] = [];
    await expect(
      runner.run(buildBatch("mariadb", entries), (gtids) => committed.push(...gtids)),
    ).rejects.toMatchObject({
      code: "apply-failed",
      message: expect.stringContaining("this copy can no longer be trusted") as string,
      details: { gtid: entries[0]?.gtid },
    });
    expect(committed).toEqual([]);
    session.destroy();
  });

  it("is seen by the next transaction, whose GTID is taken", async () => {
    await pair.onSource.run("INSERT INTO item (v) VALUES (1)", "INSERT INTO wide VALUES (1)");
    const { session, runner, entries } = await naive();
    const committed: string[] = [];
    await expect(
      runner.run(buildBatch("mariadb", entries), (gtids) => committed.push(...gtids)),
    ).rejects.toMatchObject({ code: "apply-failed", details: { errno: 1950 } });
    expect(committed).toEqual([]);
    session.destroy();
  });

  it("is stopped before its COMMIT where it says that it could be divided", async () => {
    await pair.onSource.run("INSERT INTO item (v) VALUES (1)", "INSERT INTO wide VALUES (1)");
    const { session, runner } = await naive();
    const [first, second] = (await written()).groups;
    if (!first || !second) throw new Error("two transactions were written");
    const parts = { gtid: first.gtid, tableMap: null, events: first.rows, isOneStatement: false };
    const checked = mariadbEntry(
      { ...parts, isDivisible: true },
      { kept: "gtid_domain_id=0,server_id=1", once: `gtid_seq_no=${first.gtid.split("-")[2]}` },
    );
    const committed: string[] = [];
    await expect(
      runner.run(buildBatch("mariadb", [checked, naiveEntry(second)]), (gtids) => committed.push(...gtids)),
    ).rejects.toMatchObject({ code: "apply-failed", details: { gtid: first.gtid, errno: 1690 } });
    expect(committed).toEqual([]);
    // the rest was taken back, and no number of the next one's is used up
    expect((await session.readPosition()).toString()).toBe(first.gtid);
    expect(await session.plain(["SELECT COUNT(*) FROM shop.item"])).toEqual([["0"]]);
    session.destroy();
  });

  it("is none where it is long and only on tables without transactions", async () => {
    await pair.onSource.run(
      "INSERT INTO loose SELECT REPEAT('a', 900) FROM seq_1_to_5000",
      "INSERT INTO wide VALUES ('next')",
    );
    expect(await pair.catchUp()).toBe(2);
    await pair.expectEqual();
  });

  it("stops the applier where it is long and a sequence is not known as one", async () => {
    // then table maps carry no column names
    await pair.onSource.run("SET GLOBAL binlog_row_metadata=NO_LOG");
    await pair.onSource.run(
      "ALTER TABLE item ADD filling VARCHAR(1000)",
      "INSERT INTO item (filling) SELECT REPEAT('a', 900) FROM seq_1_to_5000",
      "INSERT INTO wide VALUES ('next')",
    );
    await expect(pair.catchUp()).rejects.toMatchObject({
      code: "apply-failed",
      message: expect.stringContaining("this copy can no longer be trusted") as string,
    });
    expect(pair.applier.state).toMatchObject({ kind: "broken" });
    await expect(pair.catchUp()).rejects.toMatchObject({ code: "apply-failed" });
    expect(await pair.onReplica.rows("SELECT * FROM shop.wide")).toEqual([]);
  });
});

describe.runIf(testFlavours().includes("mysql"))("a GTID on mysql", () => {
  it("stands for one transaction, or the server itself refuses", async () => {
    await using pair = await ReplicationPair.open("mysql");
    await pair.onSource.run("CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY)");
    await pair.catchUp();
    await pair.applier[Symbol.asyncDispose]();
    const signal = AbortSignal.timeout(60_000);
    const session = await openSession({ flavour: "mysql", connect: () => connectRaw(pair.replica), signal });
    await session.plain(["SET GTID_NEXT='3e11fa47-71ca-11e1-9e33-c80aa9429562:1'"]);
    await session.plain(["INSERT INTO shop.item VALUES (1)"]);
    await expect(session.plain(["INSERT INTO shop.item VALUES (2)"])).rejects.toMatchObject({ errno: 1837 });
    session.destroy();
  });
});
