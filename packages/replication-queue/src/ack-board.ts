import { PositionQueue, emptyPosition, type GtidPosition, type PositionTicket } from "@understudy/binlog";
import { orAbort } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";

/** What {@link AckBoard.wait} waits for. */
export interface AckWait {
  readonly position: GtidPosition;
  /** How many slaves it takes of so many that there are; asked again whenever one comes or goes. */
  readonly wanted: (slaves: number) => number;
  /** A further condition on who has acked; asked whenever there are enough, and by {@link AckBoard.recheck}. */
  readonly isEnough?: ((acked: readonly string[]) => boolean) | undefined;
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
}

interface Slave {
  acked: GtidPosition;
  readonly waiting: PositionQueue<Waiter>;
}

interface Waiter {
  readonly position: GtidPosition;
  readonly wanted: AckWait["wanted"];
  readonly isEnough: AckWait["isEnough"];
  readonly tickets: Map<string, PositionTicket<Waiter>>;
  /** Slaves that have it. */
  acks: number;
  goal: number;
  readonly done: () => void;
}

/**
 * What each slave has acked, and who waits for it. An ack costs as much as it satisfies, however many others wait: those are
 * kept, for each slave, in the order of what they wait for.
 */
export class AckBoard {
  readonly #nothing: GtidPosition;
  readonly #slaves = new Map<string, Slave>();
  readonly #waiters = new Set<Waiter>();

  constructor(flavour: Flavour) {
    this.#nothing = emptyPosition(flavour);
  }

  /** A slave counts from now on; one that is known keeps what it acked. */
  add(nodeId: string): void {
    if (this.#slaves.has(nodeId)) return;
    const slave: Slave = { acked: this.#nothing, waiting: new PositionQueue() };
    this.#slaves.set(nodeId, slave);
    for (const waiter of this.#waiters) this.#waitOn(nodeId, slave, waiter);
    this.#countAgain();
  }

  /** A slave, and what it acked, no longer counts. */
  remove(nodeId: string): void {
    const slave = this.#slaves.get(nodeId);
    if (!slave) return;
    this.#slaves.delete(nodeId);
    for (const waiter of this.#waiters) {
      if (!waiter.tickets.delete(nodeId)) waiter.acks -= 1;
    }
    this.#countAgain();
  }

  /** A slave has committed everything up to `acked`. */
  note(nodeId: string, acked: GtidPosition): void {
    const slave = this.#slaves.get(nodeId);
    if (!slave) return;
    slave.acked = acked;
    if (slave.waiting.isEmpty) return;
    for (const waiter of slave.waiting.take(acked)) {
      waiter.tickets.delete(nodeId);
      waiter.acks += 1;
      this.#look(waiter);
    }
  }

  /** What further conditions ask for has changed. */
  recheck(): void {
    for (const waiter of this.#waiters) this.#look(waiter);
  }

  /** Slaves that have committed everything up to `position`. */
  ackedBy(position: GtidPosition): string[] {
    return [...this.#slaves].filter(([, { acked }]) => acked.contains(position)).map(([nodeId]) => nodeId);
  }

  /** Resolves as soon as enough slaves have acked, with all that have; rejects with the signal's reason. */
  async wait({ position, wanted, isEnough, signal }: AckWait): Promise<string[]> {
    const acks = this.ackedBy(position);
    const goal = wanted(this.#slaves.size);
    if (acks.length >= goal && (isEnough?.(acks) ?? true)) return acks;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      position,
      wanted,
      isEnough,
      goal,
      acks: 0,
      tickets: new Map(),
      done: resolve,
    };
    this.#waiters.add(waiter);
    for (const [nodeId, slave] of this.#slaves) this.#waitOn(nodeId, slave, waiter);
    try {
      await orAbort(promise, signal);
      return this.ackedBy(position);
    } finally {
      this.#waiters.delete(waiter);
      for (const [nodeId, ticket] of waiter.tickets) this.#slaves.get(nodeId)?.waiting.remove(ticket);
    }
  }

  #waitOn(nodeId: string, slave: Slave, waiter: Waiter): void {
    const ticket = slave.waiting.add(waiter.position, waiter, slave.acked);
    if (ticket) waiter.tickets.set(nodeId, ticket);
    else waiter.acks += 1;
  }

  #countAgain(): void {
    for (const waiter of this.#waiters) {
      waiter.goal = waiter.wanted(this.#slaves.size);
      this.#look(waiter);
    }
  }

  #look({ acks, goal, isEnough, position, done }: Waiter): void {
    if (acks >= goal && (isEnough?.(this.ackedBy(position)) ?? true)) done();
  }
}
