import { BackgroundLoop, systemClock, toError } from "@understudy/kernel";
import type { ClusterNode } from "./cluster-node.ts";
import { rowsOf } from "./sql.ts";

/** What became of the workload's writes, by their keys. */
export interface Ledger {
  /** The node said that it is committed: it must be there. */
  readonly confirmed: ReadonlySet<string>;
  /** The node said that it did not happen: it must not be there. */
  readonly refused: ReadonlySet<string>;
  /** Nobody could tell: it may be there, once. */
  readonly uncertain: ReadonlySet<string>;
}

const PAUSE_AFTER_REFUSAL_MS = 20;
const WRITE_TIMEOUT_MS = 20_000;

/** Codes that leave the outcome open; after any other error the write did not happen. */
const OPEN_CODES: ReadonlySet<unknown> = new Set(["ack-timeout", "write-uncertain", "timeout", "internal"]);

/**
 * Writers that go on whatever happens to the cluster. Each write is one transaction that adds a row of its own and raises a
 * counter, so that a lost write, a doubled one and half of one all show.
 */
export class LedgerWorkload implements AsyncDisposable {
  readonly #nodes: readonly ClusterNode[];
  readonly #confirmed = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #uncertain = new Set<string>();
  readonly #refusals = new Map<string, number>();
  readonly #writers: readonly BackgroundLoop[];
  #failure: Error | null = null;

  /** Use {@link startLedgerWorkload}. */
  constructor(nodes: readonly ClusterNode[], writers: number) {
    this.#nodes = nodes;
    this.#writers = Array.from(
      { length: writers },
      (_, writer) =>
        new BackgroundLoop(
          (signal) => this.#write(writer, signal),
          (error) => (this.#failure ??= toError(error)),
        ),
    );
  }

  /** Resolves when `count` more writes have been confirmed; throws after `timeoutMs`. */
  async confirms(count: number, timeoutMs: number): Promise<void> {
    const goal = this.#confirmed.size + count;
    const deadline = systemClock.monotonicMs() + timeoutMs;
    while (this.#confirmed.size < goal) {
      if (this.#failure !== null) throw this.#failure;
      if (systemClock.monotonicMs() > deadline) {
        const refusals = [...this.#refusals].map(([code, times]) => `${code} × ${times}`).join(", ");
        throw new Error(
          `no ${count} writes were confirmed within ${timeoutMs / 1000} s (refusals: ${refusals})`,
        );
      }
      await systemClock.sleep(10);
    }
  }

  /** Ends the writers after the write that each is at. */
  async stop(): Promise<Ledger> {
    await this[Symbol.asyncDispose]();
    if (this.#failure !== null) throw this.#failure;
    return { confirmed: this.#confirmed, refused: this.#refused, uncertain: this.#uncertain };
  }

  async #write(writer: number, signal: AbortSignal): Promise<void> {
    for (let number = 0; !signal.aborted; number++) {
      const node = this.#nodes[(writer + number) % this.#nodes.length];
      if (!node) throw new Error("a workload needs a node");
      const isConfirmed = await this.#writeOnce(node, `${writer}-${number}`);
      if (!isConfirmed) await systemClock.sleep(PAUSE_AFTER_REFUSAL_MS);
    }
  }

  async #writeOnce(node: ClusterNode, key: string): Promise<boolean> {
    const statements = [
      { sql: "INSERT INTO ledger.entries (id, payload) VALUES (?, ?)", params: [key, key.repeat(20)] },
      { sql: "UPDATE ledger.counter SET n = n + 1 WHERE id = 1" },
    ];
    try {
      const { status, body } = await node.post("/batch", { statements }, { timeoutMs: WRITE_TIMEOUT_MS });
      if (status === 200) {
        this.#confirmed.add(key);
        return true;
      }
      const code = String(body["code"]);
      this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
      (OPEN_CODES.has(code) ? this.#uncertain : this.#refused).add(key);
    } catch (error) {
      // a refused connection is a write that was never sent; any other break leaves it open
      const isRefused = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
      (isRefused ? this.#refused : this.#uncertain).add(key);
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer[Symbol.asyncDispose]()));
  }
}

/** Makes the workload's tables on `master` and starts `writers` writers that take turns over `nodes`. */
export async function startLedgerWorkload(
  master: ClusterNode,
  nodes: readonly ClusterNode[],
  writers = 4,
): Promise<LedgerWorkload> {
  for (const sql of [
    "CREATE DATABASE ledger",
    "CREATE TABLE ledger.entries (id VARCHAR(40) PRIMARY KEY, payload TEXT)",
    "CREATE TABLE ledger.counter (id INT PRIMARY KEY, n BIGINT NOT NULL)",
    "INSERT INTO ledger.counter VALUES (1, 0)",
  ]) {
    const { status, text } = await master.post("/execute", { sql });
    if (status !== 200) throw new Error(`${sql}: ${text}`);
  }
  return new LedgerWorkload(nodes, writers);
}

/** What a node's database does not hold as the ledger says; empty where all is as it should be. */
export async function ledgerFaults(node: ClusterNode, ledger: Ledger): Promise<string[]> {
  const rows = await rowsOf(node, "SELECT id FROM ledger.entries");
  const [counter] = await rowsOf(node, "SELECT n FROM ledger.counter WHERE id = 1");
  const found = new Set(rows.map((row) => String(row["id"])));
  const faults: string[] = [];
  for (const key of ledger.confirmed) if (!found.has(key)) faults.push(`lost: ${key}`);
  for (const key of ledger.refused) if (found.has(key)) faults.push(`refused, but there: ${key}`);
  for (const key of found) {
    if (!ledger.confirmed.has(key) && !ledger.uncertain.has(key)) faults.push(`never written: ${key}`);
  }
  if (Number(counter?.["n"]) !== found.size) {
    faults.push(`the counter says ${String(counter?.["n"])}, there are ${found.size} entries`);
  }
  return faults;
}
