import type { GtidPosition } from "@understudy/binlog";
import { ChangeSignal, invariant } from "@understudy/kernel";
import type { QueueLimits } from "./limits.ts";

/** A transaction as the window reader hands it over. */
export interface ReadTransaction {
  readonly gtid: string;
  /** When it was committed at its origin, milliseconds since 1970. */
  readonly committedAtMs: number;
  /** Bytes of all its events. */
  readonly size: number;
  /** All its events; null where it is too large to be held. */
  readonly events: readonly Buffer[] | null;
  /** The format description event that it was written under. */
  readonly format: Buffer;
}

/** A transaction in the window. */
export interface WindowEntry extends ReadTransaction {
  /** Grows by one from entry to entry for as long as the window lives. */
  readonly index: number;
  /** Monotonic time at which it was read. */
  readonly readAtMs: number;
  /** Bytes read into the window up to its end, evicted ones included. */
  readonly totalBytes: number;
}

/**
 * The most recent transactions of the master's binlog, bounded in number and bytes. A cache: the binlog is the log. An entry is
 * evicted only to make room, and only when the fastest cursor in the window has acked it, so that a bulk load makes the
 * reader wait for the fastest slave, while a slow slave falls out (and is served from the binlog) instead of slowing the others.
 */
export class ReplicationWindow {
  /** Notified when entries are added. */
  readonly added = new ChangeSignal();
  readonly #limits: Pick<QueueLimits, "windowTransactionsMax" | "windowBytesMax">;
  readonly #fastestAckedIndex: () => number | null;
  readonly #room = new ChangeSignal();
  #entries: WindowEntry[] = [];
  #head = 0;
  #nextIndex = 0;
  #heldBytes = 0;
  #totalBytes = 0;
  #start: GtidPosition;
  #end: GtidPosition;
  #floor: GtidPosition | null = null;

  /** `fastestAckedIndex` tells the highest index that any cursor in the window has acked; null where there is no such cursor. */
  constructor(
    from: GtidPosition,
    limits: Pick<QueueLimits, "windowTransactionsMax" | "windowBytesMax">,
    fastestAckedIndex: () => number | null,
  ) {
    this.#start = from;
    this.#end = from;
    this.#limits = limits;
    this.#fastestAckedIndex = fastestAckedIndex;
  }

  /** Position before the oldest entry. */
  get start(): GtidPosition {
    return this.#start;
  }

  /** Position after the newest entry: as far as the binlog was read. */
  get end(): GtidPosition {
    return this.#end;
  }

  /** What a slave must have to be served at all: the binlog can't be read up to there. Null while nothing stands against reading it. */
  get floor(): GtidPosition | null {
    return this.#floor;
  }

  /** The binlog before the window can't be read: whoever is not in the window by now can't be served. */
  giveUpBefore(): void {
    this.#floor = this.#start;
  }

  /** Begins anew at `position`, behind a piece of the binlog that can't be read. No cursor of before is in the window any more. */
  beginAt(position: GtidPosition): void {
    this.#entries = [];
    this.#head = 0;
    this.#heldBytes = 0;
    // whose cursor stood behind the newest entry lacks what is passed over
    this.#nextIndex++;
    this.#start = position;
    this.#end = position;
    this.#floor = position;
    this.#room.notify();
    this.added.notify();
  }

  /** Index that the next transaction will have. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  get heldTransactions(): number {
    return this.#entries.length - this.#head;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes read since the window was made. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Adds a transaction at the end. The caller notifies `added` when it has added what arrived together. */
  add(transaction: ReadTransaction, readAtMs: number): WindowEntry {
    this.#totalBytes += transaction.size;
    const entry: WindowEntry = {
      ...transaction,
      index: this.#nextIndex++,
      readAtMs,
      totalBytes: this.#totalBytes,
    };
    this.#entries.push(entry);
    this.#heldBytes += heldSize(entry);
    this.#end = this.#end.withGtid(entry.gtid);
    return entry;
  }

  /** The entry of an index; null where it was evicted or is not there yet. */
  at(index: number): WindowEntry | null {
    const entry = this.#entries[this.#head + index - this.#oldestIndex];
    return index < this.#oldestIndex || entry === undefined ? null : entry;
  }

  /** True for an entry whose bytes are not held, since it is too large. */
  isLarge(index: number): boolean {
    return this.at(index)?.events === null;
  }

  /** True where the index, or the place right behind the newest entry, is in the window. */
  holds(index: number): boolean {
    return index >= this.#oldestIndex && index <= this.#nextIndex;
  }

  /**
   * Index of the first entry that a slave at `position` lacks; null where the position is not exactly one that the window has
   * passed. To be contained is not enough: on MariaDB `0-2-7`, written by someone on the slave itself, "contains" `0-1-7`, and
   * the slave would go on behind a transaction that it never had. The binlog's reader asks the server, which tells the two apart.
   */
  locate(position: GtidPosition): number | null {
    if (!position.contains(this.#start)) return null;
    if (position.equals(this.#end)) return this.#nextIndex;
    let passed = this.#start;
    for (let index = this.#oldestIndex; index < this.#nextIndex; index++) {
      if (passed.equals(position)) return index;
      const entry = this.at(index);
      if (entry) passed = passed.withGtid(entry.gtid);
    }
    return null;
  }

  /** Says that acks or cursors changed, so that a waiting reader looks again whether there is room. */
  cursorsChanged(): void {
    this.#room.notify();
  }

  /** Resolves once the window is within its bounds, evicting what may go. Rejects with the signal's reason. */
  async waitForRoom(signal: AbortSignal): Promise<void> {
    await this.#room.until(() => {
      this.#evict();
      return !this.#isOverfull();
    }, signal);
  }

  get #oldestIndex(): number {
    return this.#nextIndex - this.heldTransactions;
  }

  #isOverfull(): boolean {
    const { windowTransactionsMax, windowBytesMax } = this.#limits;
    return this.heldTransactions > windowTransactionsMax || this.#heldBytes > windowBytesMax;
  }

  #evict(): void {
    const fastest = this.#fastestAckedIndex();
    while (this.#isOverfull()) {
      const oldest = this.#entries[this.#head];
      invariant(oldest, "an overfull window has an oldest entry");
      if (fastest !== null && oldest.index > fastest) break;
      this.#head++;
      this.#heldBytes -= heldSize(oldest);
      this.#start = this.#start.withGtid(oldest.gtid);
    }
    // dropping the dead front in large steps keeps eviction O(1) on average
    if (this.#head > this.#limits.windowTransactionsMax) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

function heldSize(transaction: ReadTransaction): number {
  return transaction.events === null ? 0 : transaction.size;
}
