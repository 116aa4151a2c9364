import type { GtidPosition } from "@understudy/binlog";

/** Writes that may be remembered until the binlog's reader has seen them. */
const PENDING_MAX = 10_000;

/**
 * A master's position without asking its server: what the binlog's reader has seen, and the writes that this node confirmed
 * in the moment since.
 */
export class WrittenPosition {
  readonly #read: () => GtidPosition;
  #pending: GtidPosition[] = [];

  constructor(read: () => GtidPosition) {
    this.#read = read;
  }

  /** Notes what a write committed here: one transaction, or several where a procedure commits by itself. */
  note(written: GtidPosition): void {
    this.#pending.push(written);
    if (this.#pending.length > PENDING_MAX) this.#pending.shift();
  }

  current(): GtidPosition {
    let position = this.#read();
    if (this.#pending.length === 0) return position;
    this.#pending = this.#pending.filter((written) => !position.contains(written));
    for (const written of this.#pending) position = position.union(written);
    return position;
  }
}
