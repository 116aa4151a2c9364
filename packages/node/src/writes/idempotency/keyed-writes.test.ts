import { describe, expect, it } from "vitest";
import { seededRandom, silentLogger, VirtualClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { BeforeCommitError, type NodeStatement } from "@understudy/sql-executor";
import type { Written } from "../run-plan.ts";
import { sealRow, type SealedRow } from "./kept-row.ts";
import type { Keep, KeyedRequest } from "./keyed-request.ts";
import { KeyedWrites, type KeyedWritesOptions } from "./keyed-writes.ts";

const SECRET = Buffer.alloc(32, 1);
const HOUR_MS = 3_600_000;

/** A table of keys, and a counter that stands for the data: a write adds one, in one transaction with its key. */
class Database {
  readonly rows = new Map<string, SealedRow>();
  count = 0;
  lookUps = 0;
  failResolve = 0;

  readonly store: KeyedWritesOptions["store"] = {
    find: async (key) => {
      this.lookUps++;
      return this.rows.get(key) ?? null;
    },
    add: async (row) => this.#insert(row),
    replace: async (row, of) => {
      if (this.failResolve-- > 0) throw new UnderstudyError("database-unavailable", "gone");
      if (this.rows.get(of.key)?.mac === of.mac) this.rows.set(row.key, row);
      return "uuid:9";
    },
    remove: async (row) => {
      if (this.rows.get(row.key)?.mac === row.mac) this.rows.delete(row.key);
    },
    purge: async () => false,
  };

  #insert(row: SealedRow): boolean {
    if (this.rows.has(row.key)) return false;
    this.rows.set(row.key, row);
    return true;
  }

  /** A transaction: the change, the key's row, COMMIT. */
  readonly write = async (keep: Keep): Promise<Written> => {
    const answer = { n: this.count + 1 };
    const row = rowOf(keep(answer));
    await Promise.resolve();
    if (!this.#insert(row)) throw new BeforeCommitError(new UnderstudyError("duplicate-key", "the key"));
    this.count++;
    return { answer, gtid: "uuid:1", retries: 0 };
  };

  /** A statement that commits by itself. */
  readonly define = async (): Promise<Written> => {
    await Promise.resolve();
    this.count++;
    return { answer: { n: this.count }, gtid: "uuid:2", retries: 0 };
  };
}

function rowOf({ params }: NodeStatement): SealedRow {
  const [key, hash, state, status, answer, nodeId, createdMs, expiresMs, mac] = params;
  return { key, hash, state, status, answer, nodeId, createdMs, expiresMs, mac } as SealedRow;
}

function open(database: Database, clock = new VirtualClock(1_000_000)) {
  const keyed = new KeyedWrites({
    store: database.store,
    secret: SECRET,
    nodeId: "node1",
    clock,
    logger: silentLogger,
    keepMs: 24 * HOUR_MS,
    executedGtid: async () => "uuid:1-5",
  });
  return { keyed, clock };
}

const request = (key: string, change: Partial<KeyedRequest> = {}): KeyedRequest => ({
  key,
  hash: Buffer.alloc(32, 7),
  status: 201,
  signal: new AbortController().signal,
  ...change,
});

describe("a write under a key", () => {
  it("happens without a look-up, and again only as its answer", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    expect(await keyed.run(request("k"), database.write)).toMatchObject({
      answer: { n: 1 },
      status: 201,
      gtid: "uuid:1",
      isReplayed: false,
    });
    expect(database.lookUps).toBe(0);
    expect(await keyed.run(request("k", { status: 200 }), database.write)).toMatchObject({
      answer: { n: 1 },
      status: 201,
      gtid: "uuid:1-5",
      isReplayed: true,
    });
    expect(await keyed.run(request("other"), database.write)).toMatchObject({ answer: { n: 2 } });
    expect(database.count).toBe(2);
  });

  it("is known by another life of the node", async () => {
    const database = new Database();
    await using first = open(database).keyed;
    await first.run(request("k"), database.write);
    await using second = open(database).keyed;
    expect(await second.run(request("k"), database.write)).toMatchObject({ isReplayed: true });
    expect(database.count).toBe(1);
  });

  it("is answered where it fails only because an earlier try had done it", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    await keyed.run(request("k"), database.write);
    const failing = async () => {
      throw new UnderstudyError("unknown-table", "dropped since");
    };
    expect(await keyed.run(request("k"), failing)).toMatchObject({ answer: { n: 1 }, isReplayed: true });
    await expect(keyed.run(request("never"), failing)).rejects.toMatchObject({ code: "unknown-table" });
    expect(await keyed.run(request("never"), database.write), "an error is not kept").toMatchObject({
      isReplayed: false,
    });
  });

  it("stays uncertain without a look-up that could not tell", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const lost = async () => {
      throw new UnderstudyError("write-uncertain", "lost");
    };
    await expect(keyed.run(request("k"), lost)).rejects.toMatchObject({ code: "write-uncertain" });
    expect(database.lookUps).toBe(0);
  });

  it("runs once for many twins, and all get its answer", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => keyed.run(request("k"), database.write)),
    );
    expect(database.count).toBe(1);
    expect(outcomes.filter(({ isReplayed }) => !isReplayed)).toHaveLength(1);
    expect(new Set(outcomes.map(({ answer }) => JSON.stringify(answer)))).toEqual(new Set(['{"n":1}']));
  });

  it("runs the next twin where the first fails", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const random = seededRandom(3);
    let failures = 3;
    const flaky = async (keep: Keep): Promise<Written> => {
      await Promise.resolve(random());
      if (failures-- > 0) throw new UnderstudyError("deadlock", "again");
      return database.write(keep);
    };
    const ends = await Promise.allSettled(Array.from({ length: 10 }, () => keyed.run(request("k"), flaky)));
    expect(ends.filter(({ status }) => status === "rejected")).toHaveLength(3);
    expect(database.count).toBe(1);
  });

  it("lets a waiting twin go whose client has gone", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
    const first = keyed.run(request("k"), async (keep) => {
      await gate;
      return database.write(keep);
    });
    const gone = new AbortController();
    const second = keyed.run(request("k", { signal: gone.signal }), database.write);
    gone.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    openGate();
    expect(await first).toMatchObject({ isReplayed: false });
    expect(database.count).toBe(1);
  });

  it("is refused under another request's key, running or done", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const first = keyed.run(request("k"), database.write);
    const other = request("k", { hash: Buffer.alloc(32, 8) });
    await expect(keyed.run(other, database.write)).rejects.toMatchObject({ code: "idempotency-mismatch" });
    await first;
    await expect(keyed.run(other, database.write)).rejects.toMatchObject({ code: "idempotency-mismatch" });
    expect(database.count).toBe(1);
  });

  it("does not believe a row that no node sealed, and puts it away", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const forged = sealRow(
      {
        key: "k",
        hash: Buffer.alloc(32, 7),
        state: "done",
        status: 200,
        answer: '{"n":666}',
        nodeId: "node1",
        createdMs: 1_000_000,
        expiresMs: 9_000_000,
      },
      Buffer.alloc(32, 9),
    );
    database.rows.set("k", forged);
    expect(await keyed.run(request("k"), database.write)).toMatchObject({
      answer: { n: 1 },
      isReplayed: false,
    });
    database.rows.set("d", { ...forged, key: "d", state: "intent" });
    expect(await keyed.runAlone(request("d"), "CREATE", database.define)).toMatchObject({
      isReplayed: false,
    });
  });

  it("forgets a key when its time is over, and not before", async () => {
    const database = new Database();
    const { keyed: opened, clock } = open(database);
    await using keyed = opened;
    await keyed.run(request("k"), database.write);
    await keyed.run(request("fwd-k"), database.write);
    await clock.advance(15 * 60_000);
    expect(await keyed.run(request("fwd-k"), database.write)).toMatchObject({ isReplayed: false });
    await clock.advance(24 * HOUR_MS - 15 * 60_000 - 1);
    expect(await keyed.run(request("k"), database.write)).toMatchObject({ isReplayed: true });
    await clock.advance(1);
    expect(await keyed.run(request("k"), database.write)).toMatchObject({ isReplayed: false });
  });

  it("refuses an answer that is too large to be kept before anything is written, where a client gave the key", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const large = async (keep: Keep): Promise<Written> => {
      const answer = { text: "x".repeat(1024 * 1024) };
      database.rows.set("fwd-k", rowOf(keep(answer)));
      return { answer, gtid: "uuid:1", retries: 0 };
    };
    await expect(keyed.run(request("k"), large)).rejects.toMatchObject({ code: "too-large" });
    expect(database.rows.size).toBe(0);
    expect(await keyed.run(request("fwd-k"), large)).toMatchObject({ isReplayed: false });
    await expect(keyed.run(request("fwd-k"), database.write)).rejects.toMatchObject({
      code: "too-large",
      details: { committed: true },
    });
  });
});

describe("a statement under a key that commits by itself", () => {
  it("keeps its answer, and the position of the answer", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    expect(await keyed.runAlone(request("k"), "CREATE", database.define)).toMatchObject({
      answer: { n: 1 },
      gtid: "uuid:9",
      isReplayed: false,
    });
    expect(await keyed.runAlone(request("k"), "CREATE", database.define)).toMatchObject({
      answer: { n: 1 },
      status: 201,
      isReplayed: true,
    });
    expect(database.count).toBe(1);
  });

  it("may run again where the server refused it", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const refused = async () => {
      throw new UnderstudyError("already-exists", "it does", { details: { errno: 1050 } });
    };
    await expect(keyed.runAlone(request("k"), "CREATE", refused)).rejects.toMatchObject({
      code: "already-exists",
    });
    expect(database.rows.size).toBe(0);
    expect(await keyed.runAlone(request("k"), "CREATE", database.define)).toMatchObject({
      isReplayed: false,
    });
  });

  it("is unresolved where nobody knows its end", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const lost = async () => {
      throw new UnderstudyError("write-uncertain", "lost");
    };
    await expect(keyed.runAlone(request("k"), "ALTER", lost)).rejects.toMatchObject({
      code: "write-uncertain",
    });
    await expect(keyed.runAlone(request("k"), "ALTER", database.define)).rejects.toMatchObject({
      code: "idempotency-unresolved",
      details: { node: "node1", statement: "ALTER", firstTry: "1970-01-01T00:16:40.000Z" },
    });
    expect(database.count).toBe(0);
  });

  it("is unresolved after the error of a procedure, which may have committed before, and says with which", async () => {
    const database = new Database();
    await using keyed = open(database).keyed;
    const failing = async () => {
      throw new UnderstudyError("duplicate-key", "in the middle", { details: { errno: 1062 } });
    };
    await expect(keyed.runAlone(request("k"), "CALL", failing)).rejects.toMatchObject({
      code: "duplicate-key",
    });
    await expect(keyed.runAlone(request("k"), "CALL", database.define)).rejects.toThrow(
      "with an error (duplicate-key: in the middle)",
    );
    const unsent = async () => {
      throw new UnderstudyError("overloaded", "no connection");
    };
    await expect(keyed.runAlone(request("u"), "CALL", unsent)).rejects.toMatchObject({ code: "overloaded" });
    expect(await keyed.runAlone(request("u"), "CALL", database.define)).toMatchObject({ isReplayed: false });
  });

  it("is answered as done even where its answer could not be kept", async () => {
    const database = new Database();
    const { keyed: opened, clock } = open(database);
    await using keyed = opened;
    database.failResolve = 4;
    const done = keyed.runAlone(request("k"), "CREATE", database.define);
    await clock.advance(2000);
    expect(await done).toMatchObject({ answer: { n: 1 }, gtid: "uuid:2", isReplayed: false });
    await expect(keyed.runAlone(request("k"), "CREATE", database.define)).rejects.toMatchObject({
      code: "idempotency-unresolved",
    });
    database.failResolve = 2;
    const other = keyed.runAlone(request("o"), "CREATE", database.define);
    await clock.advance(2000);
    await other;
    expect(await keyed.runAlone(request("o"), "CREATE", database.define)).toMatchObject({ isReplayed: true });
  });
});
