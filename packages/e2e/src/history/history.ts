import type { Clock } from "@understudy/kernel";
import type { Operation, OperationKind, Outcome } from "./operation.ts";

/** An operation that begins. */
export type Invocation = Pick<Operation, "client" | "node" | "kind" | "key" | "value" | "expected">;

/** How an operation ended. */
export interface Return extends Partial<Pick<Operation, "node" | "value" | "swapped" | "position">> {
  readonly outcome: Outcome;
}

/** An operation under way; `returns` is called once. */
export interface PendingOperation {
  returns(end: Return): void;
}

/** How many operations of each outcome. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

/** What concurrent clients did, in memory, with times of one process's monotonic clock. Takes no more than it was made for. */
export class History {
  readonly #clock: Clock;
  readonly #operationsMax: number;
  readonly #operations: Operation[] = [];

  constructor(clock: Clock, operationsMax: number) {
    this.#clock = clock;
    this.#operationsMax = operationsMax;
  }

  /** Clients have to end where this is true. */
  get isFull(): boolean {
    return this.#operations.length >= this.#operationsMax;
  }

  /** In the order in which they returned. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  begin(invocation: Invocation): PendingOperation {
    const invokedMs = this.#clock.monotonicMs();
    return {
      returns: (end) => {
        const returnedMs = this.#clock.monotonicMs();
        this.#operations.push({ position: null, ...invocation, ...end, invokedMs, returnedMs });
      },
    };
  }

  ofKinds(...kinds: readonly OperationKind[]): readonly Operation[] {
    return this.#operations.filter(({ kind }) => kinds.includes(kind));
  }

  counts(): OutcomeCounts {
    const counts = { ok: 0, failed: 0, unknown: 0 };
    for (const { outcome } of this.#operations) counts[outcome]++;
    return counts;
  }
}

/** Operations by their keys. */
export function byKey(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  return Map.groupBy(operations, ({ key }) => key);
}
