import { ChangeSignal, type Clock, type Logger } from "@understudy/kernel";
import {
  UnderstudyError,
  type AckLevel,
  type BeginAnswer,
  type BeginRequest,
  type TransactionAnswer,
  type TransactionExecuteAnswer,
  type TransactionQueryAnswer,
} from "@understudy/protocol";
import type {
  Committed,
  NodeStatement,
  OpenTransactionOptions,
  SqlExecutor,
  TransactionQueryOptions,
} from "@understudy/sql-executor";
import { elapsedMs } from "../routes/query-answer.ts";
import { insertBoth } from "../writes/idempotency/key-store.ts";
import {
  InteractiveTransaction,
  type CommitSteps,
  type TransactionStatement,
} from "./interactive-transaction.ts";
import { expired, type TransactionEnd, type UnknownEnd } from "./transaction-end.ts";
import type { TransactionIds } from "./transaction-ids.ts";

/** Ends that are remembered, so that most questions need no database. */
const ENDS_KEPT = 10_000;

/** What {@link TransactionRegistry.begin} takes. */
export interface TransactionBegin
  extends OpenTransactionOptions, Pick<BeginRequest, "idleTimeoutMs" | "maxMs"> {
  /** Under whose rights it runs; left out: all that clients may have. */
  readonly executor?: Pick<SqlExecutor, "openTransaction"> | undefined;
  /** The name of the token that it is of; nobody else may go on with it. Null where no token is asked for. */
  readonly owner?: string | null;
}

/** Where the ends of transactions stand that this process does not remember. */
export interface TransactionOutcomes {
  /** The word that a transaction commits about itself. */
  readonly keep: (id: string) => NodeStatement;
  /** How a transaction ended that is not open here; makes sure that it can't end in another way any more. */
  readonly settle: (id: string) => Promise<TransactionEnd>;
}

/** What {@link TransactionRegistry.commit} takes. */
export interface CommitOptions extends Pick<CommitSteps, "positionOf"> {
  readonly alsoKeep?: NodeStatement | undefined;
  /** What the commit is to be confirmed by; left out: as the cluster does by default. */
  readonly ack?: AckLevel | undefined;
}

/** What a {@link TransactionRegistry} is made of. */
export interface TransactionRegistryOptions {
  readonly executor: Pick<SqlExecutor, "openTransaction">;
  readonly ids: Pick<TransactionIds, "issue" | "check">;
  readonly outcomes: TransactionOutcomes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openMax: number;
  /** Whether what is at a position is confirmed by now, as its commit asked for it. */
  readonly isConfirmed: (position: string, ack: AckLevel | undefined) => boolean;
}

/**
 * The interactive transactions of a master: begun and ended with its role. Every call but `begin` throws `not-found` for an id that
 * no node of the cluster issued, and `transaction-expired` with the outcome for a transaction that has ended.
 */
export class TransactionRegistry implements AsyncDisposable {
  readonly #options: TransactionRegistryOptions;
  readonly #open = new Map<string, InteractiveTransaction>();
  readonly #ends = new Map<string, TransactionEnd | "unknowable">();
  readonly #owners = new Map<string, string | null>();
  /** What commits asked for, of those that named something. */
  readonly #acks = new Map<string, AckLevel>();
  readonly #ended = new ChangeSignal();
  #opening = 0;
  #isClosed = false;

  constructor(options: TransactionRegistryOptions) {
    this.#options = options;
  }

  /** How many are open. */
  get openCount(): number {
    return this.#open.size + this.#opening;
  }

  /** Resolves when none is open. */
  async allEnded(signal: AbortSignal): Promise<void> {
    await this.#ended.until(() => this.openCount === 0, signal);
  }

  /** Throws `overloaded` where as many are open as may be. */
  async begin(request: TransactionBegin): Promise<BeginAnswer> {
    const { database, isolation, idleTimeoutMs, maxMs, owner = null } = request;
    const { ids, clock, logger, openMax } = this.#options;
    if (this.#isClosed) throw new UnderstudyError("no-leader", "this node is no master any more");
    if (this.openCount >= openMax) {
      throw new UnderstudyError(
        "overloaded",
        `${openMax} interactive transactions are open already, which is UNDERSTUDY_TRANSACTIONS_MAX`,
      );
    }
    this.#opening++;
    try {
      const open = await (request.executor ?? this.#options.executor).openTransaction({
        database,
        isolation,
      });
      const id = ids.issue();
      const transaction = new InteractiveTransaction({
        id,
        open,
        limits: { idleTimeoutMs, maxMs },
        clock,
        logger,
        onEnd: (end) => this.#note(id, end),
      });
      this.#open.set(id, transaction);
      this.#owners.set(id, owner);
      if (this.#isClosed) await transaction[Symbol.asyncDispose]();
      return { id, expiresAt: transaction.expiresAt() };
    } finally {
      this.#opening--;
      this.#ended.notify();
    }
  }

  /** Throws `forbidden` for an open transaction of another token. */
  checkOwner(id: string, owner: string | null): void {
    if (!this.#owners.has(id) || this.#owners.get(id) === owner) return;
    throw new UnderstudyError("forbidden", "the transaction was begun by another token");
  }

  async query(id: string, request: TransactionQueryOptions): Promise<TransactionQueryAnswer> {
    return this.#timed(id, (transaction) => transaction.query(request));
  }

  async execute(id: string, request: TransactionStatement): Promise<TransactionExecuteAnswer> {
    return this.#timed(id, (transaction) => transaction.execute(request));
  }

  /**
   * Throws `write-uncertain` where the answer was lost; {@link tell} finds it out. `alsoKeep` is the row of an idempotency key, which
   * is committed with the transaction also where that changed nothing.
   */
  async commit(id: string, { positionOf, alsoKeep, ack }: CommitOptions): Promise<Committed> {
    const transaction = await this.#get(id);
    const { outcomes } = this.#options;
    if (ack !== undefined) remember(this.#acks, id, ack);
    const keep = (hasWritten: boolean): NodeStatement | undefined => {
      if (!hasWritten) return alsoKeep;
      const own = outcomes.keep(id);
      return alsoKeep ? insertBoth(own, alsoKeep) : own;
    };
    return transaction.commit({ keep, positionOf });
  }

  async rollback(id: string): Promise<TransactionAnswer> {
    const transaction = await this.#get(id);
    return this.#answerOf(id, await transaction.rollback());
  }

  /** Where it stands. */
  async tell(id: string): Promise<TransactionAnswer> {
    this.#options.ids.check(id);
    const transaction = this.#open.get(id);
    if (transaction) {
      const expiresAt = transaction.expiresAt();
      return { id, state: "open", reason: null, position: null, confirmed: null, expiresAt };
    }
    return this.#answerOf(id, await this.#endOf(id));
  }

  #answerOf(id: string, { state, reason, position }: TransactionEnd): TransactionAnswer {
    return { id, state, reason, position, confirmed: this.#isConfirmed(id, position), expiresAt: null };
  }

  #isConfirmed(id: string, position: string | null): boolean | null {
    return position === null ? null : this.#options.isConfirmed(position, this.#acks.get(id));
  }

  /** Rolls back all that is open; commits under way are waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.values()].map((transaction) => transaction[Symbol.asyncDispose]()));
  }

  async #timed<T>(
    id: string,
    call: (transaction: InteractiveTransaction) => Promise<T>,
  ): Promise<T & { expiresAt: string; timeMs: number }> {
    const { clock } = this.#options;
    const transaction = await this.#get(id);
    const startedMs = clock.monotonicMs();
    const result = await call(transaction);
    const timeMs = elapsedMs(clock.monotonicMs() - startedMs);
    return { ...result, expiresAt: transaction.expiresAt(), timeMs };
  }

  async #get(id: string): Promise<InteractiveTransaction> {
    this.#options.ids.check(id);
    const transaction = this.#open.get(id);
    if (transaction) return transaction;
    const end = await this.#endOf(id);
    throw expired(end, this.#isConfirmed(id, end.position) ?? false);
  }

  async #endOf(id: string): Promise<TransactionEnd> {
    const known = this.#ends.get(id);
    if (known === "unknowable") {
      throw new UnderstudyError(
        "write-uncertain",
        "a statement ended the transaction by itself, so what it and those before it changed may be committed",
      );
    }
    if (known) return known;
    const end = await this.#options.outcomes.settle(id);
    this.#remember(id, end);
    return end;
  }

  #note(id: string, end: TransactionEnd | UnknownEnd): void {
    this.#open.delete(id);
    this.#owners.delete(id);
    this.#ended.notify();
    if (end !== "commit-lost") this.#remember(id, end);
  }

  #remember(id: string, end: TransactionEnd | "unknowable"): void {
    remember(this.#ends, id, end);
  }
}

function remember<T>(kept: Map<string, T>, id: string, value: T): void {
  kept.set(id, value);
  if (kept.size <= ENDS_KEPT) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}
