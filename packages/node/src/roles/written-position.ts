import type { GtidPosition } from "@understudy/binlog";

/** Transactions that may be remembered until the binlog's reader has seen them. */
const PENDING_MAX = 10_000;

/**
 * A master's position without asking its server: what the binlog's reader has seen, and the writes that this node confirmed
 * in the moment since.
 */
export class WrittenPosition {
  readonly #read: () => GtidPosition;
  #pending: string[] = [];

  constructor(read: () => GtidPosition) {
    this.#read = read;
  }

  /** Notes a transaction that was committed here. */
  note(gtid: string): void {
    this.#pending.push(gtid);
    if (this.#pending.length > PENDING_MAX) this.#pending.shift();
  }

  current(): GtidPosition {
    let position = this.#read();
    if (this.#pending.length === 0) return position;
    this.#pending = this.#pending.filter((gtid) => !position.containsGtid(gtid));
    for (const gtid of this.#pending) position = position.withGtid(gtid);
    return position;
  }
}
