import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseGtidPosition } from "@understudy/binlog";
import { testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { ReplicationPair } from "./replication-pair.ts";

const withCode = (code: string, details: Readonly<Record<string, unknown>> = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) });

describe.each(testFlavours())("deliveries to %s", (flavour) => {
  let pair: ReplicationPair;
  const signal = AbortSignal.timeout(120_000);

  beforeAll(async () => {
    pair = await ReplicationPair.open(flavour, { lockWaitSeconds: 1, orderWaitMs: 300 });
    await pair.onSource.run(
      "CREATE DATABASE shop",
      "USE shop",
      "CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, v INT, text LONGTEXT) ENGINE=InnoDB",
    );
    await pair.catchUp();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  /** The whole binlog behind `from` as bytes. */
  async function bytesFrom(from = pair.applier.position): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of pair.body(from)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async function* pieces(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  }

  const insertMany = (count: number): Promise<void> =>
    pair.onSource.run(
      ...Array.from({ length: count }, (_, index) => `INSERT INTO item (v) VALUES (${index})`),
    );

  it("that come twice are committed once", async () => {
    const after = pair.applier.position;
    await insertMany(20);
    const bytes = await bytesFrom(after);
    expect(await pair.applier.apply(pieces(bytes), { after, signal })).toMatchObject({ applied: 20 });
    expect(await pair.applier.apply(pieces(bytes), { after, signal })).toMatchObject({ applied: 0 });
    await pair.expectEqual();
  });

  it("that do not continue from here are refused with this node's position", async () => {
    const before = pair.applier.position;
    await insertMany(1);
    const skipped = pair.applier.position;
    const [row] = await pair.onSource.rows(
      flavour === "mysql" ? "SELECT @@gtid_executed AS p" : "SELECT @@gtid_binlog_pos AS p",
    );
    const after = parseGtidPosition(flavour, String(row?.["p"]));
    await insertMany(1);
    const bytes = await bytesFrom(after);
    await expect(pair.applier.apply(pieces(bytes), { after, signal })).rejects.toEqual(
      withCode("position-mismatch", { position: skipped.toString() }),
    );
    expect(pair.applier.position.equals(before)).toBe(true);
    await pair.catchUp();
    await pair.expectEqual();
  });

  it.each([[[0, 1]], [[1, 0]]] as const)("that overlap are committed in order, sent as %j", async (order) => {
    const start = pair.applier.position;
    await insertMany(300);
    const first = await bytesFrom(start);
    const [row] = await pair.onSource.rows(
      flavour === "mysql" ? "SELECT @@gtid_executed AS p" : "SELECT @@gtid_binlog_pos AS p",
    );
    const middle = parseGtidPosition(flavour, String(row?.["p"]));
    await pair.onSource.run("UPDATE item SET v = v + 1", "DELETE FROM item WHERE v % 3 = 0");
    const second = await bytesFrom(middle);
    const bodies = [
      { bytes: first, after: start, applied: 300 },
      { bytes: second, after: middle, applied: 2 },
    ] as const;
    const outcomes = await Promise.all(
      order.map(async (index) => {
        const { bytes, after, applied } = bodies[index];
        const outcome = await pair.applier.apply(pieces(bytes), { after, signal });
        expect(outcome.applied).toBe(applied);
        return outcome;
      }),
    );
    expect(outcomes).toHaveLength(2);
    await pair.expectEqual();
  });

  it("that are cut off leave whole transactions, and the rest can follow", async () => {
    const after = pair.applier.position;
    await insertMany(50);
    // large enough to have been sent to the server in part
    await pair.onSource.run("INSERT INTO item (text) SELECT REPEAT('x', 100000) FROM item LIMIT 60");
    const bytes = await bytesFrom(after);
    await expect(
      pair.applier.apply(pieces(bytes.subarray(0, -1000), 65536), { after, signal }),
    ).rejects.toEqual(withCode("binlog-corrupt"));
    expect(pair.applier.state.kind).toBe("idle");
    expect(after.countMissing(await pair.applier.refresh())).toBe(50);
    expect(await pair.catchUp()).toBe(1);
    await pair.expectEqual();
  });

  it("are behind a position that the server is asked for again: by the same session, or where that is gone by a new one", async () => {
    const holder = async () =>
      (await pair.onReplica.rows("SELECT IS_USED_LOCK('understudy.applier') AS id"))[0];
    await insertMany(2);
    await pair.catchUp();
    const session = await holder();
    const known = pair.applier.position.toString();
    expect((await pair.applier.refresh()).toString()).toBe(known);
    expect(await holder()).toEqual(session);
    await insertMany(2);
    expect(await pair.catchUp()).toBe(2);
    await pair.onReplica.run(`KILL ${session?.["id"]}`);
    expect((await pair.applier.refresh()).countMissing(pair.applier.position)).toBe(0);
    expect(await holder()).not.toEqual(session);
    await insertMany(1);
    expect(await pair.catchUp()).toBe(1);
    await pair.expectEqual();
  });

  it("that hang end with their signal", async () => {
    const after = pair.applier.position;
    await insertMany(3);
    const bytes = await bytesFrom(after);
    const hanging = new AbortController();
    async function* body(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, -10);
      hanging.abort(new Error("enough"));
      await new Promise(() => undefined);
    }
    await expect(pair.applier.apply(body(), { after, signal: hanging.signal })).rejects.toThrow("enough");
    await pair.catchUp();
    await pair.expectEqual();
  });

  it("with a transaction that fails stop there until someone resumes", async () => {
    await insertMany(2);
    await pair.catchUp();
    const before = pair.applier.position;
    using vandal = await TestSession.open(pair.replica);
    await vandal.run("SET sql_log_bin=0", "INSERT INTO shop.item (id, v) VALUES (9999, 1)");
    await pair.onSource.run(
      "INSERT INTO item (id) VALUES (9998)",
      "INSERT INTO item (id) VALUES (9999)",
      "INSERT INTO item (id) VALUES (10000)",
    );
    const failure = withCode("apply-failed", { table: "shop.item", errno: 1062 });
    await expect(pair.catchUp()).rejects.toEqual(failure);
    expect(pair.applier.state).toMatchObject({ kind: "broken", table: "shop.item", errno: 1062 });
    expect(before.countMissing(pair.applier.position)).toBe(1);
    await expect(pair.catchUp()).rejects.toEqual(failure);
    await pair.applier.resume();
    await expect(pair.catchUp()).rejects.toEqual(failure);
    await vandal.run("DELETE FROM shop.item WHERE id = 9999");
    await pair.applier.resume();
    expect(await pair.catchUp()).toBe(2);
    await pair.expectEqual();
  });

  it.each(["INSERT INTO item (id) VALUES (20000)", "ALTER TABLE item ADD COLUMN extra INT"])(
    "wait for another session's lock: %s",
    async (sql) => {
      using reader = await TestSession.open(pair.replica);
      await reader.run("BEGIN", "SELECT * FROM shop.item WHERE id > 15000 FOR UPDATE");
      await pair.onSource.run("INSERT INTO item (id) VALUES (15001)", sql);
      const seen = pair.log.length;
      const applying = pair.catchUp();
      while (!pair.log.slice(seen).includes("applier.lock-wait")) {
        expect(pair.applier.state.kind).toBe("applying");
        await reader.run("DO SLEEP(0.05)");
      }
      await reader.run("ROLLBACK");
      expect(await applying).toBe(2);
      await pair.onSource.run("DELETE FROM item WHERE id > 15000");
      await pair.catchUp();
      await pair.expectEqual();
    },
  );
});
