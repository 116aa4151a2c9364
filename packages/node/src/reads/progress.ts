import { PositionQueue, type GtidPosition } from "@understudy/binlog";
import { orAbort } from "@understudy/kernel";

/** How far something has come, and who waits for it. Progress costs as much as it satisfies, however many wait. */
export class Progress {
  readonly #waiting = new PositionQueue<() => void>();
  #current: GtidPosition;

  constructor(from: GtidPosition) {
    this.#current = from;
  }

  get current(): GtidPosition {
    return this.#current;
  }

  /** Moves on to `position`, and wakes those who waited for no more than that. */
  advance(position: GtidPosition): void {
    this.#current = position;
    if (this.#waiting.isEmpty) return;
    for (const wake of this.#waiting.take(position)) wake();
  }

  /** Resolves as soon as `wanted` is contained; rejects with the signal's reason. */
  async until(wanted: GtidPosition, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ticket = this.#waiting.add(wanted, resolve, this.#current);
    if (!ticket) return;
    try {
      await orAbort(promise, signal);
    } finally {
      this.#waiting.remove(ticket);
    }
  }
}
