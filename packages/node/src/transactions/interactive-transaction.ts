import {
  BackgroundLoop,
  isCodedError,
  messageOf,
  TaskQueue,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { errorCodeOf, UnderstudyError, type BeginRequest } from "@understudy/protocol";
import {
  BeforeCommitError,
  type ChangeResult,
  type Committed,
  type ExecuteOptions,
  type NodeStatement,
  type OpenTransaction,
  type QueryResult,
  type TransactionQueryOptions,
} from "@understudy/sql-executor";
import { expired, type TransactionEnd, type UnknownEnd } from "./transaction-end.ts";

/** Calls that may be under way or wait in one transaction. */
const CALLS_MAX = 32;

/** What an {@link InteractiveTransaction} is made of. */
export interface InteractiveTransactionOptions {
  readonly id: string;
  readonly open: OpenTransaction;
  readonly limits: Pick<BeginRequest, "idleTimeoutMs" | "maxMs">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when its connection is free again. */
  readonly onEnd: (end: TransactionEnd | UnknownEnd) => void;
}

const CONNECTION_LOST = "its connection to the database server was lost";
const FENCED = "its outcome was asked for elsewhere while it could not be told, and settled as rolled back";

/** What {@link InteractiveTransaction.execute} takes. */
export type TransactionStatement = Pick<ExecuteOptions, "sql" | "params" | "timeoutMs">;

/** How {@link InteractiveTransaction.commit} is done. */
export interface CommitSteps {
  /** The node's own word in the transaction itself, if it is to have one. */
  readonly keep: (hasWritten: boolean) => NodeStatement | undefined;
  /** Position of what was committed. */
  readonly positionOf: (gtid: string | null) => string;
}

/**
 * A transaction that a client holds open between its calls, with the limits on its time. Calls run one at a time, in the order
 * in which they came. However it ends, its locks are gone by the time that `onEnd` is called, and every later call throws
 * `transaction-expired`.
 */
export class InteractiveTransaction implements AsyncDisposable {
  readonly id: string;
  readonly #open: OpenTransaction;
  readonly #limits: InteractiveTransactionOptions["limits"];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onEnd: InteractiveTransactionOptions["onEnd"];
  readonly #expiry: BackgroundLoop;
  readonly #begunMs: number;
  #end: TransactionEnd | UnknownEnd | null = null;
  /** Settles when its connection is free again; null while it is open. */
  #ending: Promise<void> | null = null;
  #isCommitting = false;
  readonly #calls = new TaskQueue(
    CALLS_MAX,
    () => new UnderstudyError("overloaded", `${CALLS_MAX} calls wait in this transaction already`),
  );
  #idleSinceMs: number;

  constructor(options: InteractiveTransactionOptions) {
    this.id = options.id;
    this.#open = options.open;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onEnd = options.onEnd;
    this.#begunMs = this.#clock.monotonicMs();
    this.#idleSinceMs = this.#begunMs;
    this.#expiry = new BackgroundLoop(
      (signal) => this.#expire(signal),
      (error) => {
        if (error === undefined) return;
        this.#logger.error({ event: "transaction-expiry-failed", err: error }, messageOf(error));
      },
    );
  }

  /** ISO time at which it is rolled back unless something is sent before. */
  expiresAt(): string {
    const leftMs = this.#endsAtMs() - this.#clock.monotonicMs();
    return new Date(Math.round(this.#clock.nowMs() + leftMs)).toISOString();
  }

  async query(options: TransactionQueryOptions): Promise<QueryResult> {
    return this.#inTurn(() => this.#statement(() => this.#open.query(options)));
  }

  async execute(options: TransactionStatement): Promise<ChangeResult> {
    return this.#inTurn(() => this.#statement(() => this.#open.execute(options)));
  }

  /** Throws `write-uncertain` where the answer was lost: then its end is not known here. Whatever is thrown, it is no longer open. */
  async commit({ keep, positionOf }: CommitSteps): Promise<Committed> {
    return this.#inTurn(async () => {
      this.#isCommitting = true;
      try {
        const gtid = await this.#commitOpen(keep);
        await this.#finish({
          state: "committed",
          reason: "the client committed it",
          position: positionOf(gtid),
        });
        return { gtid, retries: 0 };
      } finally {
        this.#isCommitting = false;
      }
    });
  }

  async #commitOpen(keep: CommitSteps["keep"]): Promise<string | null> {
    try {
      const { gtid } = await this.#open.commit(keep(this.#open.hasWritten));
      return gtid;
    } catch (error) {
      if (errorCodeOf(error) === "write-uncertain") {
        await this.#finish("commit-lost");
        throw error;
      }
      const cause = error instanceof BeforeCommitError ? error.cause : error;
      // somebody asked for its outcome at another node and was promised that it is rolled back
      const isFenced = error instanceof BeforeCommitError && errorCodeOf(cause) === "duplicate-key";
      await this.#finish(rolledBack(isFenced ? FENCED : `COMMIT failed: ${messageOf(cause)}`));
      if (isFenced || errorCodeOf(cause) === "transaction-expired") await this.#throwIfEnded();
      throw sayRolledBack(cause);
    }
  }

  async rollback(): Promise<TransactionEnd> {
    const end = rolledBack("the client rolled it back");
    return this.#inTurn(async () => {
      // where it can't be said, the connection is cut, which rolls back as well
      await this.#open.rollback().catch(() => undefined);
      await this.#finish(end);
      return end;
    });
  }

  /** Rolls it back whatever runs, but for a commit that is under way: that ends by itself. */
  async abort(reason: string): Promise<void> {
    if (!this.#isCommitting) await this.#finish(rolledBack(reason));
  }

  /** Rolls back what is open still, and waits for a commit that is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort("the node that held it stopped");
    await this.#calls.done();
    await this.#expiry[Symbol.asyncDispose]();
  }

  /** Runs a call when those before it are done, if the transaction is open then. */
  async #inTurn<T>(call: () => Promise<T>): Promise<T> {
    return this.#calls.run(async () => {
      try {
        if (this.#ending === null && this.#open.hasEnded) await this.#finish(rolledBack(CONNECTION_LOST));
        await this.#throwIfEnded();
        return await call();
      } finally {
        this.#idleSinceMs = this.#clock.monotonicMs();
      }
    });
  }

  async #statement<T>(run: () => Promise<T>): Promise<T> {
    try {
      const result = await run();
      // what came back while it was being rolled back was undone with the rest
      await this.#throwIfEnded();
      return result;
    } catch (error) {
      await this.#throwIfEnded();
      if (!this.#open.hasEnded) throw error;
      if (errorCodeOf(error) === "write-uncertain") {
        // a statement that nobody thought of has committed by itself
        await this.#finish("unknowable");
        throw error;
      }
      const isOwn = errorCodeOf(error) !== "transaction-expired";
      await this.#finish(rolledBack(isOwn ? `a statement failed: ${messageOf(error)}` : CONNECTION_LOST));
      if (!isOwn) await this.#throwIfEnded();
      throw sayRolledBack(error);
    }
  }

  async #throwIfEnded(): Promise<void> {
    if (this.#ending === null) return;
    await this.#ending;
    if (typeof this.#end === "object" && this.#end !== null) throw expired(this.#end);
    throw new UnderstudyError(
      "write-uncertain",
      "how the transaction ended was not known at once; GET /transactions/{id} tells",
    );
  }

  /** The first end counts. */
  async #finish(end: TransactionEnd | UnknownEnd): Promise<void> {
    this.#ending ??= this.#close(end);
    await this.#ending;
  }

  async #close(end: TransactionEnd | UnknownEnd): Promise<void> {
    this.#end = end;
    try {
      await this.#open[Symbol.asyncDispose]();
    } catch (error) {
      this.#logger.error({ event: "transaction-close-failed", err: error }, messageOf(error));
    }
    this.#onEnd(end);
  }

  #endsAtMs(): number {
    const { idleTimeoutMs, maxMs } = this.#limits;
    const idleSinceMs = this.#calls.size > 0 ? this.#clock.monotonicMs() : this.#idleSinceMs;
    return Math.min(this.#begunMs + maxMs, idleSinceMs + idleTimeoutMs);
  }

  async #expire(signal: AbortSignal): Promise<void> {
    const { idleTimeoutMs, maxMs } = this.#limits;
    for (;;) {
      const leftMs = this.#endsAtMs() - this.#clock.monotonicMs();
      if (leftMs <= 0) break;
      await this.#clock.sleep(leftMs, signal);
      if (this.#ending !== null) return;
    }
    const isOld = this.#clock.monotonicMs() >= this.#begunMs + maxMs;
    await this.abort(
      isOld
        ? `it was open for ${maxMs} ms, which is its maxMs`
        : `nothing was sent in it for ${idleTimeoutMs} ms, which is its idleTimeoutMs`,
    );
  }
}

function rolledBack(reason: string): TransactionEnd {
  return { state: "rolled-back", reason, position: null };
}

/** The same error, saying that all of the transaction is undone with the statement. */
function sayRolledBack(error: unknown): unknown {
  if (!isCodedError(error)) return error;
  return new UnderstudyError(errorCodeOf(error), error.message, {
    cause: error,
    details: { ...error.details, transaction: "rolled-back" },
  });
}
