import type { Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { DatabaseSession } from "./database-session.ts";
import type { Deadlines } from "./deadlines.ts";
import { classifyDriverError, isDriverError } from "./driver-error.ts";
import { ConnectionLostError } from "./query-command.ts";
import type { SessionPool } from "./session-pool.ts";

/** After its statement was killed a session has this long to say so; then it is cut off. */
const KILL_GRACE_MS = 2_000;
const RESET_MS_MAX = 5_000;
/** For choosing a database, or a reset, before the task itself begins. */
const PREPARE_MS_MAX = 5_000;

/** How a session is lent. */
export interface LendOptions {
  readonly pool: SessionPool;
  /** Bound of the whole task, from when it has its session. */
  readonly timeoutMs: number;
  /** Current database; none of its own where undefined. */
  readonly database?: string | undefined;
  /** Choose the database again although it is the current one, since a session keeps its defaults (collation) from then on. */
  readonly chooseAnew?: boolean;
  /** Give the task a session that no earlier statement has touched. */
  readonly fresh?: boolean;
  /** Whether each statement commits by itself. Default true. Without it, nothing is ever committed but by COMMIT. */
  readonly autocommit?: boolean;
  /** Whether the task may run a second time after its connection broke: always, or only while nothing was sent. */
  readonly repeat: "always" | "unsent";
}

/** What a task knows of its own lend. */
export interface Lend {
  readonly session: DatabaseSession;
  /** Throws `timeout` once the time is over, for the moments in which no statement runs. */
  check(): void;
  /** From now on the deadline cuts the connection and kills nothing: a commit under way is not to be disturbed. */
  enterCommit(): void;
}

/** A session that is lent for longer than one call. Its deadline, and the errors of its statements, are its borrower's. */
export interface OpenLend {
  readonly session: DatabaseSession;
  /** Back to the pool, cleaned where that is needed. Once, and not after {@link end}. */
  giveBack(): void;
  /** Ends at once what it runs, on the server as well, and drops the connection. */
  end(): void;
}

/** What a {@link Lending} needs. */
export interface LendingOptions {
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  /** Ends what a session runs. Bounded in time by itself. */
  killQuery(threadId: number): Promise<void>;
}

/** Lends sessions to tasks: with the right database, with a deadline that ends the statement on the server, and cleaned afterwards. */
export class Lending implements AsyncDisposable {
  readonly #deadlines: Deadlines;
  readonly #logger: Logger;
  readonly #killQuery: (threadId: number) => Promise<void>;
  readonly #behind = new Set<Promise<void>>();

  constructor(options: LendingOptions) {
    this.#deadlines = options.deadlines;
    this.#logger = options.logger;
    this.#killQuery = async (threadId) => await options.killQuery(threadId);
  }

  /** Throws errors of the error table. A connection that broke while the task ran is a {@link ConnectionLostError}. */
  async lend<T>(options: LendOptions, task: (lend: Lend) => Promise<T>): Promise<T> {
    try {
      return await this.#lendOnce(options, task);
    } catch (error) {
      if (!(error instanceof ConnectionLostError) || (error.sent && options.repeat === "unsent")) throw error;
      // What lies idle broke with it, most likely by a restart of the server.
      options.pool.dropIdle();
      return await this.#lendOnce(options, task);
    }
  }

  /**
   * Lends a session until it is given back or ended. Throws errors of the error table, and a {@link ConnectionLostError} where the
   * connection broke while the session was made ready.
   */
  async lendOpen(
    options: Pick<LendOptions, "pool" | "database" | "chooseAnew" | "fresh" | "autocommit">,
  ): Promise<OpenLend> {
    const { pool } = options;
    const session = await pool.acquire(options.autocommit);
    try {
      await this.#deadlines.bound(
        PREPARE_MS_MAX,
        () => session.destroy(),
        async () => await this.#prepare(session, options),
      );
    } catch (error) {
      this.#giveBack(pool, session);
      throw error instanceof ConnectionLostError || !isDriverError(error)
        ? error
        : classifyDriverError(error);
    }
    return {
      session,
      giveBack: () => this.#giveBack(pool, session),
      end: () => {
        session.destroy();
        this.#keep(this.#kill(session));
        this.#giveBack(pool, session);
      },
    };
  }

  /**
   * Runs a task on a session of an {@link OpenLend}. When its time is over, what it runs is ended on the server and the session is
   * of no more use. Throws as {@link lend} does.
   */
  async timed<T>(session: DatabaseSession, timeoutMs: number, task: (lend: Lend) => Promise<T>): Promise<T> {
    const timed = this.#startDeadline(session, timeoutMs);
    try {
      const result = await task({ session, check: timed.check, enterCommit: timed.enterCommit });
      if (!timed.isCommitting()) timed.check();
      return result;
    } catch (error) {
      const isLost = error instanceof ConnectionLostError;
      if (timed.isOver() && !(isLost && timed.isCommitting())) throw timedOut(timeoutMs, error);
      if (isLost || !isDriverError(error)) throw error;
      throw classifyDriverError(error);
    } finally {
      timed.end();
    }
  }

  async #lendOnce<T>(options: LendOptions, task: (lend: Lend) => Promise<T>): Promise<T> {
    const session = await options.pool.acquire(options.autocommit);
    const timed = this.#startDeadline(session, options.timeoutMs);
    try {
      await this.#prepare(session, options);
      const result = await task({ session, check: timed.check, enterCommit: timed.enterCommit });
      // MySQL's SLEEP() and the like answer as if nothing had been when they are killed.
      if (options.repeat === "always") timed.check();
      return result;
    } catch (error) {
      if (timed.isOver()) {
        if (error instanceof ConnectionLostError && options.repeat === "unsent") throw error;
        throw timedOut(options.timeoutMs, error);
      }
      if (error instanceof ConnectionLostError || !isDriverError(error)) throw error;
      throw classifyDriverError(error);
    } finally {
      timed.end();
      this.#giveBack(options.pool, session);
    }
  }

  async #prepare(
    session: DatabaseSession,
    options: Pick<LendOptions, "database" | "chooseAnew" | "fresh" | "autocommit">,
  ): Promise<void> {
    try {
      if (options.fresh === true) await session.reset();
      await session.useDatabase(options.database, options.chooseAnew);
      await session.useAutocommit(options.autocommit ?? true);
    } catch (error) {
      // The task itself has not begun, so whoever asks may try again.
      if (error instanceof ConnectionLostError) throw new ConnectionLostError(error.message, false, error);
      throw error;
    }
  }

  #startDeadline(session: DatabaseSession, timeoutMs: number) {
    let over = false;
    let committing = false;
    let deadline = this.#deadlines.start(timeoutMs, () => {
      over = true;
      deadline = this.#deadlines.start(KILL_GRACE_MS, () => session.destroy());
      if (!committing) this.#keep(this.#kill(session));
    });
    return {
      isOver: () => over,
      isCommitting: () => committing,
      enterCommit: () => {
        committing = true;
      },
      check: () => {
        if (over) throw timedOut(timeoutMs);
      },
      end: () => {
        this.#deadlines.cancel(deadline);
        // A kill that comes late must not meet the next caller's statement.
        if (over) session.destroy();
      },
    };
  }

  async #kill(session: DatabaseSession): Promise<void> {
    try {
      await this.#killQuery(session.threadId);
    } catch (error) {
      this.#logger.warn(
        { event: "kill-query-failed", err: error },
        "Could not end a statement that ran too long.",
      );
      session.destroy();
    }
  }

  /** Cleans up behind the caller's back, so that the answer does not wait for it. */
  #giveBack(pool: SessionPool, session: DatabaseSession): void {
    if (!session.needsReset) {
      pool.release(session);
      return;
    }
    const cleaning = this.#deadlines.bound(
      RESET_MS_MAX,
      () => session.destroy(),
      async () => await session.clean(),
    );
    this.#keep(cleaning.catch(() => session.destroy()).finally(() => pool.release(session)));
  }

  /** Work that nobody awaits until disposal. It must not reject. */
  #keep(work: Promise<void>): void {
    this.#behind.add(work);
    const forget = (): void => void this.#behind.delete(work);
    work.then(forget, forget);
  }

  /** Resolves when nothing goes on behind; the pools must be closed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#behind);
  }
}

function timedOut(timeoutMs: number, cause?: unknown): UnderstudyError {
  return new UnderstudyError("timeout", `it ran longer than ${timeoutMs} ms; it was ended and rolled back`, {
    cause,
  });
}
