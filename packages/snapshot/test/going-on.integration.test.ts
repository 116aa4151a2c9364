import { describe, expect, test, vi } from "vitest";
import { EVENT_TYPE, readBinlog, readExecutedPosition, type GtidPosition } from "@understudy/binlog";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import type { Flavour } from "@understudy/protocol";
import { connectRaw, TestSession } from "@understudy/database-server/test-session";
import { openCopy, restoreCopy, testSignal } from "./copy.ts";
import { makeRichSchema } from "./rich-schema.ts";
import { serverContents } from "./server-contents.ts";

// each test starts two servers and three programs, on a machine that others may use as well
vi.setConfig({ testTimeout: 240_000 });

/** Writes until it is told to stop; each transaction moves an amount, so that a torn view of it shows in the sum. */
async function keepWriting(server: DatabaseServer, isStopped: () => boolean): Promise<number> {
  using session = await TestSession.open(server);
  let transactions = 0;
  while (!isStopped()) {
    const amount = (transactions % 7) + 1;
    const from = (transactions % 50) + 1;
    await session.run(
      "BEGIN",
      `UPDATE shop.accounts SET amount = amount - ${amount} WHERE id = ${from}`,
      `INSERT INTO shop.log (what) VALUES ('${transactions}')`,
      `INSERT INTO shop.no_key VALUES (${transactions}, ${transactions} / 3, 'x')`,
      `UPDATE shop.accounts SET amount = amount + ${amount} WHERE id = ${51 - from}`,
      "COMMIT",
    );
    transactions += 1;
  }
  return transactions;
}

/** Lets the target follow the source by the server's own replication. */
async function replicate(
  flavour: Flavour,
  source: DatabaseServer,
  target: TestSession,
  from: GtidPosition,
): Promise<void> {
  const where = `HOST='127.0.0.1', X_PORT=${source.port}, X_USER='replicator', X_PASSWORD='secret'`;
  if (flavour === "mysql") {
    await target.run(
      `CHANGE REPLICATION SOURCE TO SOURCE_${where.replaceAll("X_", "SOURCE_")}, SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1`,
      "START REPLICA",
    );
    return;
  }
  await target.run(
    `SET GLOBAL gtid_slave_pos = '${from.toString()}'`,
    `CHANGE MASTER TO MASTER_${where.replaceAll("X_", "MASTER_")}, MASTER_USE_GTID=slave_pos`,
    "START SLAVE",
  );
}

async function waitUntilApplied(
  flavour: Flavour,
  target: TestSession,
  position: GtidPosition,
): Promise<void> {
  const sql =
    flavour === "mysql"
      ? `SELECT WAIT_FOR_EXECUTED_GTID_SET('${position.toString()}', 120)`
      : `SELECT MASTER_GTID_WAIT('${position.toString()}', 120)`;
  expect(await target.value(sql)).toBe("0");
}

describe.each(testFlavours())("%s: a copy of a server that is written to", (flavour) => {
  test("is of one moment, and replication goes on from its position to the same contents", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using onSource = await TestSession.open(source);
    await makeRichSchema(onSource, flavour);
    await onSource.run(
      "CREATE TABLE shop.accounts (id INT PRIMARY KEY, amount INT, ballast LONGBLOB)",
      "INSERT INTO shop.accounts SELECT id, 100, REPEAT('b', 200000) FROM (SELECT 1 AS id) x",
      ...Array.from(
        { length: 49 },
        (_, i) => `INSERT INTO shop.accounts SELECT ${i + 2}, 100, ballast FROM shop.accounts WHERE id = 1`,
      ),
      "CREATE USER replicator IDENTIFIED BY 'secret'",
      "GRANT REPLICATION SLAVE ON *.* TO replicator",
    );
    let stopped = false;
    const writing = keepWriting(source, () => stopped);
    await using copy = await openCopy(source);
    const { position } = await restoreCopy(target, copy.body);
    await copy[Symbol.asyncDispose]();
    stopped = true;
    const transactions = await writing;
    using onTarget = await TestSession.open(target);
    expect(await onTarget.value("SELECT SUM(amount) FROM shop.accounts")).toBe("5000");
    const atCopy = Number(await onTarget.value("SELECT COUNT(*) FROM shop.log WHERE what REGEXP '^[0-9]+$'"));
    expect(atCopy).toBeGreaterThan(0);
    expect(atCopy).toBeLessThan(transactions);

    // what the source's binlog has behind the position is exactly what the copy lacks
    const end = await readExecutedPosition(onSource, flavour);
    expect(await countBehind(flavour, source, position)).toBe(transactions - atCopy);
    expect(position.countMissing(end)).toBe(transactions - atCopy);
    await replicate(flavour, source, onTarget, position);
    await waitUntilApplied(flavour, onTarget, end);
    expect(await serverContents(target)).toEqual(await serverContents(source));

    // and the restored server serves its own binlog from there, but not from before
    expect(await countBehind(flavour, target, position)).toBe(transactions - atCopy);
    await onTarget.run(flavour === "mysql" ? "STOP REPLICA" : "STOP SLAVE");
    await onTarget.run("CREATE TABLE shop.own (i INT)");
    expect(await countBehind(flavour, target, end)).toBe(1);
  });

  test("keeps its position over a restart of the restored server", async () => {
    await using source = await openTestServer(flavour, { serverId: 1 });
    await using target = await openTestServer(flavour, { serverId: 2 });
    using onSource = await TestSession.open(source);
    await onSource.run("CREATE DATABASE d", "CREATE TABLE d.t (i INT)", "INSERT INTO d.t VALUES (1)");
    await using copy = await openCopy(source);
    const { position } = await restoreCopy(target, copy.body);
    await target.killHard();
    await target.start();
    using onTarget = await TestSession.open(target);
    expect((await readExecutedPosition(onTarget, flavour)).equals(position)).toBe(true);
    expect(await onTarget.value("SELECT COUNT(*) FROM d.t")).toBe("1");
  });
});

let lastReaderId = 7000;

/** How many transactions a server's binlog has behind a position. */
async function countBehind(flavour: Flavour, server: DatabaseServer, from: GtidPosition): Promise<number> {
  const batches = readBinlog({
    connect: () => connectRaw(server),
    flavour,
    from,
    readerServerId: ++lastReaderId,
    heartbeatMs: 1000,
    untilEnd: true,
    signal: testSignal(),
  });
  const gtidTypes: readonly number[] = [
    EVENT_TYPE.mysqlGtid,
    EVENT_TYPE.mysqlTaggedGtid,
    EVENT_TYPE.mariadbGtid,
  ];
  let count = 0;
  for await (const batch of batches) count += batch.filter(({ type }) => gtidTypes.includes(type)).length;
  return count;
}
