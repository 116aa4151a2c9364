import { emptyPosition, type GtidPosition } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";
import type { Scheduler } from "./scheduler.ts";

/** One committed transaction. */
export interface Transaction {
  readonly gtid: string;
  /** What it did: a client's write, or the beginning of an epoch. */
  readonly id: string;
  /** Under which it was written first. */
  readonly epoch: bigint;
  readonly beginsEpoch: boolean;
}

/** What {@link SimDatabase} needs. */
export interface SimDatabaseOptions {
  readonly flavour: Flavour;
  readonly scheduler: Scheduler;
  /** From 1. */
  readonly serverId: number;
  readonly onCommit: (transaction: Transaction) => void;
}

/** A commit or an application under way; `isGivenUp` keeps it from happening. */
export interface Work {
  isGivenUp: boolean;
}

/** A node's database server: a history that survives everything, numbered as MySQL or MariaDB number theirs. */
export class SimDatabase {
  readonly #of: SimDatabaseOptions;
  #history: Transaction[] = [];
  #ids = new Set<string>();
  #position: GtidPosition;
  #dataEpoch = 0n;
  #sessions: Work = { isGivenUp: false };
  #isUp = true;
  #isStalled = false;

  constructor(options: SimDatabaseOptions) {
    this.#of = options;
    this.#position = emptyPosition(options.flavour);
  }

  get history(): readonly Transaction[] {
    return this.#history;
  }

  get position(): GtidPosition {
    return this.#position;
  }

  /** The newest epoch whose beginning it has. */
  get dataEpoch(): bigint {
    return this.#dataEpoch;
  }

  /** It takes commits and answers. */
  get works(): boolean {
    return this.#isUp && !this.#isStalled;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Commits something new after `ms`; null where it can't, or not any more. */
  commit(
    what: Pick<Transaction, "id" | "epoch" | "beginsEpoch">,
    ms: number,
    done: (transaction: Transaction | null) => void,
  ): void {
    const sessions = this.#sessions;
    this.#of.scheduler.after(ms, () => {
      if (sessions.isGivenUp || !this.works) return done(null);
      const transaction = { ...what, gtid: this.#nextGtid() };
      this.#append(transaction);
      done(transaction);
    });
  }

  /** Applies what a master has sent after `ms`, all or, where it can't or was given up, nothing. */
  apply(transactions: readonly Transaction[], ms: number, done: (isDone: boolean) => void): Work {
    const work: Work = { isGivenUp: false };
    const sessions = this.#sessions;
    this.#of.scheduler.after(ms, () => {
      if (work.isGivenUp || sessions.isGivenUp || !this.works) return done(false);
      for (const transaction of transactions) this.#append(transaction);
      done(true);
    });
    return work;
  }

  /** Ends all sessions: what has not committed yet never will. */
  endSessions(): void {
    this.#sessions.isGivenUp = true;
    this.#sessions = { isGivenUp: false };
  }

  crash(): void {
    this.endSessions();
    this.#isUp = false;
  }

  stall(): void {
    this.#isStalled = true;
  }

  restart(): void {
    this.#isUp = true;
    this.#isStalled = false;
  }

  /** Throws its history away for another. */
  replace(history: readonly Transaction[]): void {
    this.#history = [];
    this.#ids = new Set();
    this.#position = emptyPosition(this.#of.flavour);
    this.#dataEpoch = 0n;
    for (const transaction of history) this.#append(transaction);
  }

  #append(transaction: Transaction): void {
    this.#history.push(transaction);
    this.#ids.add(transaction.id);
    this.#position = this.#position.withGtid(transaction.gtid);
    if (transaction.beginsEpoch) this.#dataEpoch = transaction.epoch;
    this.#of.onCommit(transaction);
  }

  #nextGtid(): string {
    const { flavour, serverId } = this.#of;
    if (flavour === "mariadb") return `0-${serverId}-${this.#position.lastOf("0") + 1n}`;
    const uuid = `00000000-0000-0000-0000-${String(serverId).padStart(12, "0")}`;
    return `${uuid}:${this.#position.lastOf(uuid) + 1n}`;
  }
}
