import type { Clock, Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { DatabaseSession } from "./database-session.ts";
import { Deadlines } from "./deadlines.ts";
import { classifyDriverError } from "./driver-error.ts";
import { ConnectionLostError } from "./query-command.ts";
import type { SessionPool } from "./session-pool.ts";

/** After its statement was killed a session has this long to say so; then it is cut off. */
const KILL_GRACE_MS = 2_000;

/** How a session is lent. */
export interface LendOptions {
  readonly pool: SessionPool;
  /** Bound of the whole task, from when it has its session. */
  readonly timeoutMs: number;
  /** Current database; none of its own where undefined. */
  readonly database?: string | undefined;
  /** Give the task a session that no earlier statement has touched. */
  readonly fresh?: boolean;
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

/** Lends sessions to tasks: with the right database, with a deadline that ends the statement on the server, and cleaned afterwards. */
export class Lending implements AsyncDisposable {
  readonly #deadlines: Deadlines;
  readonly #logger: Logger;
  readonly #killQuery: (threadId: number) => Promise<void>;
  readonly #cleaning = new Set<Promise<void>>();

  constructor(options: { clock: Clock; logger: Logger; killQuery(threadId: number): Promise<void> }) {
    this.#deadlines = new Deadlines(options.clock);
    this.#logger = options.logger;
    this.#killQuery = options.killQuery;
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

  async #lendOnce<T>(options: LendOptions, task: (lend: Lend) => Promise<T>): Promise<T> {
    const session = await options.pool.acquire();
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
      throw error instanceof ConnectionLostError ? error : classifyDriverError(error);
    } finally {
      this.#giveBack(options.pool, session, timed.end());
    }
  }

  async #prepare(session: DatabaseSession, options: LendOptions): Promise<void> {
    try {
      if (options.fresh === true) await session.reset();
      await session.useDatabase(options.database);
    } catch (error) {
      // The task itself has not begun, so whoever asks may try again.
      if (error instanceof ConnectionLostError) throw new ConnectionLostError(error.message, false, error);
      throw error;
    }
  }

  #startDeadline(session: DatabaseSession, timeoutMs: number) {
    let over = false;
    let committing = false;
    let killing: Promise<void> | null = null;
    const expire = (): void => {
      over = true;
      deadline = this.#deadlines.start(KILL_GRACE_MS, () => session.destroy());
      if (!committing) killing = this.#kill(session);
    };
    let deadline = this.#deadlines.start(timeoutMs, expire);
    return {
      isOver: () => over,
      enterCommit: () => {
        committing = true;
      },
      check: () => {
        if (over) throw timedOut(timeoutMs);
      },
      end: (): Promise<void> | null => {
        this.#deadlines.cancel(deadline);
        return killing;
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
  #giveBack(pool: SessionPool, session: DatabaseSession, killing: Promise<void> | null): void {
    if (killing === null && !session.needsReset) {
      pool.release(session);
      return;
    }
    const cleaning = (async () => {
      // A kill that comes late would hit whatever the session does next.
      await killing;
      if (killing !== null) session.destroy();
      await session.clean();
    })()
      .catch(() => session.destroy())
      .finally(() => {
        this.#cleaning.delete(cleaning);
        pool.release(session);
      });
    this.#cleaning.add(cleaning);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deadlines[Symbol.asyncDispose]();
    await Promise.all(this.#cleaning);
  }
}

function timedOut(timeoutMs: number, cause?: unknown): UnderstudyError {
  return new UnderstudyError("timeout", `it ran longer than ${timeoutMs} ms; it was ended and rolled back`, {
    cause,
  });
}
