import type { Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { NodeStatement } from "@understudy/sql-executor";
import { isGenuine, sealRow, type KeptRow, type SealedRow } from "../writes/idempotency/kept-row.ts";
import { insertStatement, type KeyStore } from "../writes/idempotency/key-store.ts";
import type { TransactionEnd } from "./transaction-end.ts";
import { OUTCOME_KEPT_MS } from "./transaction-ids.ts";
import type { TransactionOutcomes } from "./transaction-registry.ts";

/** With its space it is no key that a client can send, so that nobody can say in another way what became of a transaction. */
const KEY_PREFIX = "transaction ";
/** A row outlives the questions about it, also by clocks that differ. */
const KEPT_MS = OUTCOME_KEPT_MS + 3_600_000;
/** How often a row that no node wrote is put out of the way. */
const ATTEMPTS_MAX = 3;
const NO_HASH = new Uint8Array(32);
const STATUSES = { committed: 200, "rolled-back": 410 } as const;

/** What {@link KeptOutcomes} needs. */
export interface KeptOutcomesOptions {
  readonly store: Pick<KeyStore, "find" | "add" | "remove">;
  /** The cluster's. */
  readonly secret: Uint8Array;
  readonly nodeId: string;
  readonly clock: Pick<Clock, "nowMs">;
  /** A position that has all that this node's database shows by now. */
  readonly positionNow: () => Promise<string>;
}

/**
 * How interactive transactions ended, as the replicated data itself tells: a transaction commits a word of its own, and where there is
 * none, its place is taken by the word that it was rolled back, which would be in the way of a late COMMIT.
 */
export class KeptOutcomes implements TransactionOutcomes {
  readonly #options: KeptOutcomesOptions;

  constructor(options: KeptOutcomesOptions) {
    this.#options = options;
  }

  keep(id: string): NodeStatement {
    return insertStatement(sealRow(this.#row(id, "committed"), this.#options.secret));
  }

  /** Only on the master. Waits for a commit that is under way. */
  async settle(id: string): Promise<TransactionEnd> {
    const { store, secret } = this.#options;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const row = await this.#find(id);
      if (row && isGenuine(row, secret)) return this.#endOf(row);
      if (row) await store.remove(row);
      const isAdded = await store.add(sealRow(this.#row(id, "rolled-back"), secret));
      if (isAdded) return ROLLED_BACK;
    }
    throw new UnderstudyError("internal", "the outcome of a transaction could not be settled");
  }

  /** What this node's own copy says, without changing it; null where it says nothing. */
  async find(id: string): Promise<TransactionEnd | null> {
    const row = await this.#find(id);
    return row && isGenuine(row, this.#options.secret) ? this.#endOf(row) : null;
  }

  #find(id: string): Promise<SealedRow | null> {
    return this.#options.store.find(KEY_PREFIX + id, { settled: false });
  }

  async #endOf({ status }: KeptRow): Promise<TransactionEnd> {
    if (status !== STATUSES.committed) return ROLLED_BACK;
    const position = await this.#options.positionNow();
    return { state: "committed", reason: "it is in the database", position };
  }

  #row(id: string, state: TransactionEnd["state"]): KeptRow {
    const { nodeId, clock } = this.#options;
    const createdMs = Math.trunc(clock.nowMs());
    return {
      key: KEY_PREFIX + id,
      hash: NO_HASH,
      state: "done",
      status: STATUSES[state],
      answer: null,
      nodeId,
      createdMs,
      expiresMs: createdMs + KEPT_MS,
    };
  }
}

const ROLLED_BACK: TransactionEnd = {
  state: "rolled-back",
  reason: "it was not committed, and can't be any more",
  position: null,
};
