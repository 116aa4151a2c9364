import type { Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { DatabaseSession } from "./database-session.ts";

/** What a {@link SessionPool} needs. */
export interface SessionPoolOptions {
  /** For messages. */
  readonly name: string;
  readonly sizeMax: number;
  readonly queueMax: number;
  readonly acquireTimeoutMs: number;
  readonly clock: Clock;
  /** Opens a session that is set up. */
  open(): Promise<DatabaseSession>;
}

/** How a pool stands. */
export interface PoolUse {
  /** Lent, or being opened for somebody. */
  readonly inUse: number;
  readonly idle: number;
  /** Callers that wait for one. */
  readonly waiting: number;
  readonly max: number;
}

interface Waiter {
  readonly settle: (session: DatabaseSession | Error) => void;
}

/**
 * Lends sessions of one account: at most `sizeMax` exist, at most `queueMax` callers wait, none longer than
 * `acquireTimeoutMs`. A dead session is thrown away where it is found, so that the next caller gets a new one.
 */
export class SessionPool implements AsyncDisposable {
  readonly #options: SessionPoolOptions;
  readonly #idle: DatabaseSession[] = [];
  readonly #lent = new Set<DatabaseSession>();
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  #closed = false;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  /** How many of its sessions are where. */
  get use(): PoolUse {
    return {
      inUse: this.#lent.size + this.#opening,
      idle: this.#idle.length,
      waiting: this.#waiters.length,
      max: this.#options.sizeMax,
    };
  }

  /**
   * Throws `overloaded`, or what opening throws. A session that is of the wanted `autocommit` already is preferred, so that
   * callers who want the one don't pay for those who want the other.
   */
  async acquire(autocommit = true): Promise<DatabaseSession> {
    if (this.#closed) throw closed(this.#options.name);
    const fitting = this.#takeIdle((session) => session.autocommit === autocommit);
    if (fitting) return fitting;
    if (this.#size < this.#options.sizeMax) return await this.#open();
    const other = this.#takeIdle(() => true);
    if (other) return other;
    if (this.#waiters.length >= this.#options.queueMax) throw this.#overloaded("too many calls wait for one");
    return await this.#wait();
  }

  /** Takes a session back. One that is no longer usable makes room for a new one. */
  release(session: DatabaseSession): void {
    this.#lent.delete(session);
    if (this.#closed) session.destroy();
    const waiter = session.isUsable ? this.#waiters.shift() : undefined;
    if (waiter) {
      this.#lent.add(session);
      waiter.settle(session);
    } else if (session.isUsable) this.#idle.push(session);
    else this.#serveNextWaiter();
  }

  /** Throws away what lies idle, so that the next sessions log in anew. */
  dropIdle(): void {
    for (const session of this.#idle.splice(0)) session.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.settle(closed(this.#options.name));
    this.dropIdle();
    for (const session of this.#lent) session.destroy();
  }

  get #size(): number {
    return this.#lent.size + this.#idle.length + this.#opening;
  }

  /** The one that was used last, of those that fit. */
  #takeIdle(fits: (session: DatabaseSession) => boolean): DatabaseSession | undefined {
    for (let index = this.#idle.length - 1; index >= 0; index--) {
      const session = this.#idle[index];
      if (session === undefined || (session.isUsable && !fits(session))) continue;
      this.#idle.splice(index, 1);
      if (!session.isUsable) continue;
      this.#lent.add(session);
      return session;
    }
    return undefined;
  }

  async #open(): Promise<DatabaseSession> {
    this.#opening++;
    let session: DatabaseSession;
    try {
      session = await this.#options.open();
    } catch (error) {
      this.#opening--;
      this.#serveNextWaiter();
      throw error;
    }
    this.#opening--;
    this.#lent.add(session);
    if (this.#closed) {
      this.release(session);
      throw closed(this.#options.name);
    }
    return session;
  }

  /** There is room for one more session: whoever waits longest gets it, or the reason why there is none. */
  #serveNextWaiter(): void {
    const waiter = this.#waiters.shift();
    if (waiter) this.#open().then(waiter.settle, waiter.settle);
  }

  async #wait(): Promise<DatabaseSession> {
    const { promise, resolve, reject } = Promise.withResolvers<DatabaseSession>();
    const done = new AbortController();
    const waiter: Waiter = { settle: (got) => (got instanceof Error ? reject(got) : resolve(got)) };
    this.#waiters.push(waiter);
    this.#options.clock.sleep(this.#options.acquireTimeoutMs, done.signal).then(
      () => {
        const index = this.#waiters.indexOf(waiter);
        if (index < 0) return;
        this.#waiters.splice(index, 1);
        reject(this.#overloaded(`none became free within ${this.#options.acquireTimeoutMs} ms`));
      },
      () => undefined,
    );
    try {
      return await promise;
    } finally {
      done.abort();
    }
  }

  #overloaded(reason: string): UnderstudyError {
    const { name, sizeMax } = this.#options;
    return new UnderstudyError("overloaded", `all ${sizeMax} ${name} connections are in use and ${reason}`);
  }
}

function closed(name: string): UnderstudyError {
  return new UnderstudyError("database-unavailable", `the ${name} connections are being closed`);
}
