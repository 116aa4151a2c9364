import { silentLogger, VirtualClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { BeforeCommitError, type NodeStatement, type OpenTransaction } from "@understudy/sql-executor";
import { describe, expect, it } from "vitest";
import type { TransactionEnd } from "./transaction-end.ts";
import { TransactionIds } from "./transaction-ids.ts";
import { TransactionRegistry } from "./transaction-registry.ts";

const NOTHING_CHANGED = { affectedRows: 0, insertId: null, warnings: [] };
const SETTLED: TransactionEnd = { state: "rolled-back", reason: "it is not in the database", position: null };

/** A transaction without a database; statements last until they are let go where they say so. */
class FakeTransaction implements OpenTransaction {
  hasEnded = false;
  hasWritten = false;
  readonly log: string[] = [];
  readonly held = new Map<string, PromiseWithResolvers<void>>();
  commitError: Error | null = null;
  kept: NodeStatement | undefined;

  async query({ sql }: { readonly sql: string }) {
    await this.#run(sql);
    return { columns: [], rows: [], rowCount: 0 };
  }

  async execute({ sql }: { readonly sql: string }) {
    this.hasWritten = true;
    await this.#run(sql);
    return NOTHING_CHANGED;
  }

  async commit(beforeCommit?: NodeStatement) {
    await this.#run("COMMIT");
    this.kept = beforeCommit;
    if (this.commitError) throw this.commitError;
    this.hasEnded = true;
    return { gtid: "gtid-1" };
  }

  async rollback() {
    await this.#run("ROLLBACK");
    this.hasEnded = true;
  }

  async [Symbol.asyncDispose]() {
    if (!this.hasEnded) this.log.push("cut");
    this.hasEnded = true;
    for (const { reject } of this.held.values()) reject(new UnderstudyError("database-unavailable", "cut"));
  }

  hold(sql: string): PromiseWithResolvers<void> {
    const held = Promise.withResolvers<void>();
    this.held.set(sql, held);
    return held;
  }

  async #run(sql: string): Promise<void> {
    if (this.hasEnded) throw new UnderstudyError("transaction-expired", "it has ended");
    this.log.push(sql);
    await this.held.get(sql)?.promise;
    if (!sql.startsWith("fail ")) return;
    this.hasEnded = sql !== "fail duplicate";
    const code = sql === "fail deadlock" ? "deadlock" : "write-uncertain";
    throw new UnderstudyError(this.hasEnded ? code : "duplicate-key", "the server said no");
  }
}

async function openRegistry(openMax = 3) {
  const clock = new VirtualClock(1_700_000_000_000);
  const opened: FakeTransaction[] = [];
  const settled: string[] = [];
  const confirmed = new Set<string>();
  const registry = new TransactionRegistry({
    executor: {
      openTransaction: async () => {
        const transaction = new FakeTransaction();
        opened.push(transaction);
        return transaction;
      },
    },
    ids: new TransactionIds(new Uint8Array(32), clock),
    outcomes: {
      keep: (id) => ({ sql: "keep", params: [id] }),
      settle: async (id) => {
        settled.push(id);
        return SETTLED;
      },
    },
    clock,
    logger: silentLogger,
    openMax,
    isConfirmed: (position, ack) => confirmed.has(`${position} ${String(ack)}`),
  });
  const begin = async () => {
    const { id, expiresAt } = await registry.begin({ idleTimeoutMs: 1000, maxMs: 5000 });
    const fake = opened.at(-1);
    if (!fake) throw new Error("nothing was opened");
    return { id, expiresAt, fake };
  };
  return { registry, clock, begin, settled, confirmed };
}

const query = (sql: string) => ({ sql, rows: "objects", maxRows: 10, timeoutMs: 1000 }) as const;
const execute = (sql: string) => ({ sql, timeoutMs: 1000 });
const expiredAs = (outcome: string, reason: RegExp): object => ({
  code: "transaction-expired",
  details: { outcome, reason: expect.stringMatching(reason) as unknown },
});
const positionOf = (gtid: string | null): string => `1:${String(gtid)}`;

describe("interactive transactions", () => {
  it("run calls one at a time, in the order in which they came", async () => {
    const { registry, begin, clock } = await openRegistry();
    const { id, fake } = await begin();
    const held = fake.hold("a");
    const calls = [
      registry.execute(id, execute("a")),
      registry.query(id, query("b")),
      registry.commit(id, { positionOf }),
    ];
    await clock.advance(0);
    expect(fake.log).toEqual(["a"]);
    held.resolve();
    await Promise.all(calls);
    expect(fake.log).toEqual(["a", "b", "COMMIT"]);
  });

  it("are told as confirmed only once what their commit asked for has come", async () => {
    const { registry, begin, confirmed } = await openRegistry();
    const [asked, byDefault, open] = [await begin(), await begin(), await begin()];
    await registry.commit(asked.id, { positionOf, ack: 2 });
    await registry.commit(byDefault.id, { positionOf });
    const told = async (id: string): Promise<unknown> => (await registry.tell(id)).confirmed;
    expect(await Promise.all([asked, byDefault, open].map(({ id }) => told(id)))).toEqual([
      false,
      false,
      null,
    ]);
    confirmed.add("1:gtid-1 2");
    expect(await Promise.all([asked, byDefault].map(({ id }) => told(id)))).toEqual([true, false]);
    await expect(registry.commit(asked.id, { positionOf })).rejects.toMatchObject({
      details: { confirmed: true },
    });
    await expect(registry.commit(byDefault.id, { positionOf })).rejects.toMatchObject({
      details: { confirmed: false },
    });
    await registry.rollback(open.id);
    expect(await told(open.id)).toBeNull();
  });

  it("keep their own word only where they wrote, the row of a key always", async () => {
    const { registry, begin } = await openRegistry();
    const writing = await begin();
    await registry.execute(writing.id, execute("write"));
    await registry.commit(writing.id, { positionOf });
    expect(writing.fake.kept).toEqual({ sql: "keep", params: [writing.id] });
    const reading = await begin();
    await registry.query(reading.id, query("read"));
    await registry.commit(reading.id, { positionOf });
    expect(reading.fake.kept).toBeUndefined();
    const alsoKeep = { sql: "INSERT INTO k VALUES (?)", params: ["key"] };
    const keyed = await begin();
    await registry.commit(keyed.id, { positionOf, alsoKeep });
    expect(keyed.fake.kept).toEqual(alsoKeep);
  });

  it("say what became of them to every later call, without asking the database", async () => {
    const { registry, begin, settled } = await openRegistry();
    const { id } = await begin();
    await registry.commit(id, { positionOf });
    const committed = expiredAs("committed", /client/);
    await expect(registry.commit(id, { positionOf })).rejects.toMatchObject(committed);
    await expect(registry.commit(id, { positionOf })).rejects.toMatchObject({
      details: { position: "1:gtid-1" },
    });
    await expect(registry.execute(id, execute("late"))).rejects.toMatchObject(committed);
    expect(await registry.tell(id)).toEqual({
      id,
      state: "committed",
      reason: "the client committed it",
      position: "1:gtid-1",
      confirmed: false,
      expiresAt: null,
    });
    expect(settled).toEqual([]);
  });

  it("expire when nothing is sent, not while a statement runs", async () => {
    const { registry, begin, clock } = await openRegistry();
    const { id, fake, expiresAt } = await begin();
    expect(expiresAt).toBe(new Date(clock.nowMs() + 1000).toISOString());
    await clock.advance(900);
    const held = fake.hold("long");
    const long = registry.query(id, query("long"));
    await clock.advance(2000);
    held.resolve();
    expect((await long).expiresAt).toBe(new Date(clock.nowMs() + 1000).toISOString());
    await clock.advance(999);
    expect(fake.log).toEqual(["long"]);
    await clock.advance(1);
    expect(fake.log).toEqual(["long", "cut"]);
    await expect(registry.query(id, query("late"))).rejects.toMatchObject(
      expiredAs("rolled-back", /1000 ms/),
    );
    expect(registry.openCount).toBe(0);
  });

  it("expire at their greatest age, whatever runs or waits then", async () => {
    const { registry, begin, clock } = await openRegistry();
    const { id, fake } = await begin();
    fake.hold("blocked");
    const calls = [registry.execute(id, execute("blocked")), registry.execute(id, execute("waits"))];
    const ends = Promise.allSettled(calls);
    await clock.advance(5000);
    for (const end of await ends) {
      expect(end).toMatchObject({ status: "rejected", reason: { code: "transaction-expired" } });
    }
    expect(fake.log).toEqual(["blocked", "cut"]);
  });

  it("are not cut while they commit", async () => {
    const { registry, begin, clock } = await openRegistry();
    const { id, fake } = await begin();
    const held = fake.hold("COMMIT");
    const commit = registry.commit(id, { positionOf });
    await clock.advance(20_000);
    const closing = registry[Symbol.asyncDispose]();
    expect(fake.log).toEqual(["COMMIT"]);
    held.resolve();
    expect(await commit).toEqual({ gtid: "gtid-1", retries: 0 });
    await closing;
    expect(fake.log).toEqual(["COMMIT"]);
  });

  it("stay open after an error that undid one statement, and end with one that undid all", async () => {
    const { registry, begin } = await openRegistry();
    const { id } = await begin();
    const duplicate = await registry.execute(id, execute("fail duplicate")).catch((error: unknown) => error);
    expect(duplicate).toMatchObject({ code: "duplicate-key", details: {} });
    expect(duplicate).not.toHaveProperty("details.transaction");
    expect(await registry.tell(id)).toMatchObject({ state: "open" });
    await expect(registry.execute(id, execute("fail deadlock"))).rejects.toMatchObject({
      code: "deadlock",
      details: { transaction: "rolled-back" },
    });
    await expect(registry.commit(id, { positionOf })).rejects.toMatchObject(
      expiredAs("rolled-back", /said no/),
    );
  });

  it("end where their connection broke between two calls", async () => {
    const { registry, begin } = await openRegistry();
    const { id, fake } = await begin();
    fake.hasEnded = true;
    await expect(registry.query(id, query("late"))).rejects.toMatchObject(
      expiredAs("rolled-back", /connection/),
    );
    expect(registry.openCount).toBe(0);
  });

  it("leave it to the database how a commit ended whose answer was lost", async () => {
    const { registry, begin, settled } = await openRegistry();
    const { id, fake } = await begin();
    fake.commitError = new UnderstudyError("write-uncertain", "lost");
    await expect(registry.commit(id, { positionOf })).rejects.toMatchObject({ code: "write-uncertain" });
    expect(registry.openCount).toBe(0);
    expect(await registry.tell(id)).toEqual({ id, expiresAt: null, confirmed: null, ...SETTLED });
    await expect(registry.rollback(id)).rejects.toMatchObject(
      expiredAs("rolled-back", /not in the database/),
    );
    expect(settled).toEqual([id]);
  });

  it("say that nobody knows where a statement committed by itself, whatever the database tells", async () => {
    const { registry, begin, settled } = await openRegistry();
    const { id } = await begin();
    const uncertain = { code: "write-uncertain" };
    await expect(registry.execute(id, execute("fail unforeseen"))).rejects.toMatchObject(uncertain);
    await expect(registry.commit(id, { positionOf })).rejects.toMatchObject(uncertain);
    await expect(registry.tell(id)).rejects.toMatchObject(uncertain);
    expect(settled).toEqual([]);
    expect(registry.openCount).toBe(0);
  });

  it("are rolled back where somebody settled their outcome before they committed", async () => {
    const { registry, begin } = await openRegistry();
    const { id, fake } = await begin();
    fake.commitError = new BeforeCommitError(new UnderstudyError("duplicate-key", "there already"));
    await expect(registry.commit(id, { positionOf })).rejects.toMatchObject(
      expiredAs("rolled-back", /settled/),
    );
  });

  it("are limited in number, and make room when they end", async () => {
    const { registry, begin } = await openRegistry(1);
    const { id } = await begin();
    await expect(begin()).rejects.toMatchObject({ code: "overloaded" });
    await registry.rollback(id);
    await expect(begin()).resolves.toBeDefined();
  });

  it("hold no more calls than a bound", async () => {
    const { registry, begin } = await openRegistry();
    const { id, fake } = await begin();
    const held = fake.hold("a");
    const calls = Promise.allSettled(Array.from({ length: 40 }, () => registry.query(id, query("a"))));
    held.resolve();
    const ends = await calls;
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(32);
    expect(ends.at(-1)).toMatchObject({ reason: { code: "overloaded" } });
  });

  it("are all rolled back with the role", async () => {
    const { registry, begin } = await openRegistry();
    const first = await begin();
    const second = await begin();
    await registry[Symbol.asyncDispose]();
    expect([first.fake.log, second.fake.log]).toEqual([["cut"], ["cut"]]);
    await expect(registry.query(first.id, query("late"))).rejects.toMatchObject(
      expiredAs("rolled-back", /stopped/),
    );
    await expect(begin()).rejects.toMatchObject({ code: "no-leader" });
  });
});
