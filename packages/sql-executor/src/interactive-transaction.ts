import { errnoOf } from "@understudy/binlog";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import { TaskQueue, type Logger } from "@understudy/kernel";
import { BeforeCommitError } from "./before-commit-error.ts";
import { bindParams } from "./bind-params.ts";
import type { DatabaseSession } from "./database-session.ts";
import { classifyDriverError } from "./driver-error.ts";
import type { ExecutorSessions } from "./executor-sessions.ts";
import type { Lend, OpenLend } from "./lending.ts";
import { changeOf } from "./outcome-results.ts";
import { commit, rollBack, runNodeStatement, writeUncertain } from "./own-transaction.ts";
import { ConnectionLostError } from "./query-command.ts";
import { collectRows, readWarnings } from "./session-answers.ts";
import type { ShapeCache } from "./shape-cache.ts";
import type {
  ChangeResult,
  Committed,
  ExecuteOptions,
  NodeStatement,
  OpenTransaction,
  QueryResult,
  TransactionQueryOptions,
} from "./sql-executor.ts";
import { guardTransactionExecute, guardTransactionQuery } from "./statement-guard.ts";
import { WriteDetector } from "./write-detector.ts";

/** What an {@link InteractiveTransaction} is made of. */
export interface InteractiveTransactionOptions {
  readonly sessions: ExecutorSessions;
  readonly shapes: ShapeCache;
  readonly logger: Logger;
  readonly flavour: Flavour;
  readonly resultBytesMax: number;
  /** Of a statement that names none. */
  readonly timeoutMs: number;
  /** Its session, with the transaction begun. */
  readonly lend: OpenLend;
}

type End = "committed" | "rolled back" | typeof UNKNOWN;

const UNKNOWN = "committed or rolled back, which is not known";
/** A statement succeeded and the transaction is none any more. */
const ENDED_BY_ITSELF = new Error("the server says that no transaction is open");

/** For COMMIT and the statement before it. */
const COMMIT_MS_MAX = 30_000;
const ROLLBACK_MS_MAX = 5_000;
const PROBE_MS_MAX = 5_000;
/** Calls that may be under way or wait in one transaction. */
const CALLS_MAX = 100;
/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK: the one undoes a statement on the server, the other all. Here both undo all. */
const UNDOES_ALL: ReadonlySet<number> = new Set([1205, 1213]);

/** The one implementation of {@link OpenTransaction}. */
export class InteractiveTransaction implements OpenTransaction {
  readonly #options: InteractiveTransactionOptions;
  readonly #session: DatabaseSession;
  readonly #writes: WriteDetector;
  #end: End | null = null;
  #hasWritten = false;
  #isBusy = false;
  #isCommitting = false;
  readonly #calls = new TaskQueue(
    CALLS_MAX,
    () => new UnderstudyError("overloaded", `${CALLS_MAX} calls wait in this transaction already`),
  );
  #releasing: Promise<void> | null = null;

  constructor(options: InteractiveTransactionOptions) {
    this.#options = options;
    this.#session = options.lend.session;
    this.#writes = new WriteDetector(this.#session, options.flavour);
  }

  get hasEnded(): boolean {
    return this.#end !== null || (!this.#isCommitting && !this.#session.isUsable);
  }

  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  async query(options: TransactionQueryOptions): Promise<QueryResult> {
    return await this.#inTurn(async () => {
      const shape = this.#options.shapes.read(options.sql);
      guardTransactionQuery(shape);
      const sql = bindParams(shape.sql, options.params, shape.placeholders);
      if (shape.hasLockingRead) this.#hasWritten = true;
      return await this.#statement(options.timeoutMs, async () => {
        if (!this.#hasWritten) await this.#writes.begin();
        const result = await this.#collect(sql, options);
        if (!this.#hasWritten) this.#hasWritten = await this.#writes.hasWritten();
        return result;
      });
    });
  }

  async #collect(sql: string, options: TransactionQueryOptions): Promise<QueryResult> {
    const { resultBytesMax } = this.#options;
    try {
      return await collectRows(this.#session, sql, { ...options, resultBytesMax });
    } catch (error) {
      // It was done, and only its rows were too many.
      if (error instanceof UnderstudyError) this.#hasWritten = true;
      throw error;
    }
  }

  async execute(options: Pick<ExecuteOptions, "sql" | "params" | "timeoutMs">): Promise<ChangeResult> {
    return await this.#inTurn(async () => {
      const shape = this.#options.shapes.read(options.sql);
      guardTransactionExecute(shape);
      const sql = bindParams(shape.sql, options.params, shape.placeholders);
      this.#hasWritten = true;
      return await this.#statement(options.timeoutMs, async () => {
        const outcome = await this.#session.run(sql);
        if (outcome.gtid !== null) throw ENDED_BY_ITSELF;
        return { ...changeOf(shape, outcome), warnings: await readWarnings(this.#session, outcome) };
      });
    });
  }

  async commit(beforeCommit?: NodeStatement): Promise<Pick<Committed, "gtid">> {
    return await this.#inTurn(async () => {
      this.#isCommitting = true;
      try {
        const gtid = await this.#timed(COMMIT_MS_MAX, async (lend) => {
          if (beforeCommit) await runNodeStatement(this.#session, beforeCommit);
          lend.check();
          lend.enterCommit();
          return await commit(this.#session);
        });
        this.#end = "committed";
        return { gtid };
      } catch (error) {
        const isLost = error instanceof ConnectionLostError;
        this.#end = isLost ? UNKNOWN : "rolled back";
        if (isLost) throw writeUncertain(error);
        throw error instanceof BeforeCommitError ? error : classifyDriverError(error);
      } finally {
        this.#isCommitting = false;
        await this.#release();
      }
    });
  }

  async rollback(): Promise<void> {
    await this.#inTurn(async () => {
      this.#end = "rolled back";
      await this.#release();
    });
  }

  /** A commit under way is not disturbed, but waited for. Resolves when the locks are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isCommitting) {
      this.#end ??= "rolled back";
      await this.#release();
    }
    await this.#calls.done();
  }

  /** Runs a call when those before it are done, if the transaction is open then. */
  async #inTurn<T>(call: () => Promise<T>): Promise<T> {
    return await this.#calls.run(async () => {
      if (this.#end === null && !this.#session.isUsable) {
        this.#end = "rolled back";
        await this.#release();
      }
      if (this.#end !== null) throw expired(this.#end);
      return await call();
    });
  }

  /** Runs a client's statement, and makes sure that the transaction is still the same one afterwards. */
  async #statement<T>(timeoutMs: number | undefined, run: () => Promise<T>): Promise<T> {
    try {
      return await this.#timed(timeoutMs ?? this.#options.timeoutMs, async () => {
        const result = await run();
        if (this.#session.inTransaction === false) throw ENDED_BY_ITSELF;
        return result;
      });
    } catch (error) {
      if (this.#end !== null) throw expired(this.#end, error);
      const end = error === ENDED_BY_ITSELF ? UNKNOWN : await this.#endBy(classifyDriverError(error));
      if (end !== null) {
        this.#end ??= end;
        await this.#release();
      }
      throw end === UNKNOWN ? endedByItself(error) : classifyDriverError(error);
    }
  }

  /** How an error has ended the transaction; null where it is open still, which only the server knows. */
  async #endBy(error: UnderstudyError): Promise<End | null> {
    const isCut =
      !this.#session.isUsable || error.code === "timeout" || error.code === "database-unavailable";
    if (isCut || UNDOES_ALL.has(errnoOf(error) ?? 0)) return "rolled back";
    try {
      const { inTransaction } = await this.#timed(PROBE_MS_MAX, async () => await this.#session.run("DO 0"));
      return inTransaction === true ? null : UNKNOWN;
    } catch {
      return "rolled back";
    }
  }

  async #timed<T>(timeoutMs: number, task: (lend: Lend) => Promise<T>): Promise<T> {
    this.#isBusy = true;
    try {
      return await this.#options.sessions.lending.timed(this.#session, timeoutMs, task);
    } finally {
      this.#isBusy = false;
    }
  }

  async #release(): Promise<void> {
    this.#releasing ??= this.#releaseOnce();
    await this.#releasing;
  }

  /** Ends the transaction on the server and gives the session back, for a reset; or ends the session as well. */
  async #releaseOnce(): Promise<void> {
    const { lend, sessions, logger } = this.#options;
    const session = this.#session;
    try {
      // Locks must go at once, also where a statement runs that would not notice that nobody waits for it.
      if (this.#isBusy) session.destroy();
      else
        await sessions.deadlines.bound(
          ROLLBACK_MS_MAX,
          () => session.destroy(),
          async () => await rollBack(session),
        );
      // Where the server closed it, the session has ended by itself, and its number may be another's after a restart.
      if (session.isDropped) await sessions.endSession(session.threadId);
    } catch (error) {
      logger.warn(
        { event: "transaction-end-failed", err: error },
        "Could not make sure that a transaction's session has ended; its connection is closed.",
      );
      session.destroy();
    } finally {
      session.markForReset();
      lend.giveBack();
    }
  }
}

function expired(end: End, cause?: unknown): UnderstudyError {
  return new UnderstudyError(
    "transaction-expired",
    `the transaction was ${end}; nothing runs in it any more`,
    {
      cause,
    },
  );
}

function endedByItself(cause: unknown): UnderstudyError {
  return new UnderstudyError(
    "write-uncertain",
    "the statement ended the transaction by itself, so what it and those before it changed may be committed",
    { cause },
  );
}
