import type { GtidMark, GtidPosition } from "./gtid-position.ts";

/** A place in a {@link PositionQueue}. */
export interface PositionTicket<T> {
  readonly wanted: GtidPosition;
  readonly value: T;
  /** One transaction of `wanted` that was missing when it was last looked at. */
  mark: GtidMark;
}

/**
 * Things that wait for a history to contain a position. Each is kept under one transaction that it still misses, in that one's
 * order, so that progress looks at those which it may satisfy and at no others.
 */
export class PositionQueue<T> {
  readonly #bySource = new Map<string, PositionTicket<T>[]>();

  /** True where nothing waits. */
  get isEmpty(): boolean {
    return this.#bySource.size === 0;
  }

  /** Null where `reached` contains `wanted` already, so that there is nothing to wait for. */
  add(wanted: GtidPosition, value: T, reached: GtidPosition): PositionTicket<T> | null {
    const mark = reached.missingMark(wanted);
    if (mark === null) return null;
    const ticket = { wanted, value, mark };
    this.#insert(ticket);
    return ticket;
  }

  /** Takes one out that waits no longer; it may be gone already. */
  remove(ticket: PositionTicket<T>): void {
    const list = this.#bySource.get(ticket.mark.source);
    if (!list) return;
    const at = list.indexOf(ticket, firstFrom(list, ticket.mark.number));
    if (at < 0) return;
    list.splice(at, 1);
    if (list.length === 0) this.#bySource.delete(ticket.mark.source);
  }

  /** Takes out all whose position is contained in `reached`. */
  take(reached: GtidPosition): T[] {
    const taken: T[] = [];
    const stillWaiting: PositionTicket<T>[] = [];
    for (const [source, list] of this.#bySource) {
      const end = firstFrom(list, reached.lastOf(source) + 1n);
      if (end === 0) continue;
      for (const ticket of list.splice(0, end)) {
        const mark = reached.missingMark(ticket.wanted);
        if (mark === null) taken.push(ticket.value);
        else stillWaiting.push(Object.assign(ticket, { mark }));
      }
      if (list.length === 0) this.#bySource.delete(source);
    }
    for (const ticket of stillWaiting) this.#insert(ticket);
    return taken;
  }

  #insert(ticket: PositionTicket<T>): void {
    const { source, number } = ticket.mark;
    const list = this.#bySource.get(source);
    if (list) list.splice(firstFrom(list, number + 1n), 0, ticket);
    else this.#bySource.set(source, [ticket]);
  }
}

/** Index of the first whose mark has this number or a higher one. */
function firstFrom(list: readonly PositionTicket<unknown>[], number: bigint): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const ticket = list[middle];
    if (ticket && ticket.mark.number < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
