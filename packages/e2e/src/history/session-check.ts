import { describeOperation, type Operation } from "./operation.ts";

/** What a client has seen of a register, at least. */
interface Seen {
  readonly value: number;
  readonly by: Operation;
}

/**
 * What sessions were not shown although they had written or read it: each register is written by one client, with growing values, and
 * every read follows (`after`) what its client did before. A write of unknown outcome counts from when it was read. Sentences.
 */
export function sessionFaults(operations: readonly Operation[]): string[] {
  const faults: string[] = [];
  const written = highestWritten(operations);
  for (const ofClient of Map.groupBy(operations, ({ client }) => client).values()) {
    const memory = new SessionMemory();
    for (const operation of ofClient.toSorted((a, b) => a.invokedMs - b.invokedMs)) {
      const { key, kind, value, outcome } = operation;
      if (outcome !== "ok" || value === null) continue;
      if (kind === "read") {
        const missed = memory.missedBy(operation);
        const words = missed && `${describeOperation(operation)}, after ${describeOperation(missed)}`;
        if (missed?.kind === "write") faults.push(`a read missed its own write: ${words}`);
        else if (missed?.node === operation.node) faults.push(`a node went back in time: ${words}`);
        else if (missed) faults.push(`another node had shown more: ${words}`);
        if (value > (written.get(key) ?? 0)) {
          faults.push(`a read of what nobody wrote: ${describeOperation(operation)}`);
        }
      }
      memory.add(operation, value);
    }
  }
  return faults;
}

/** What one session has seen: written by itself, and read, node by node. */
class SessionMemory {
  readonly #seen = new Map<string, Map<string, Seen>>();

  add(operation: Operation, value: number): void {
    const places = this.#seen.get(operation.key) ?? new Map<string, Seen>();
    this.#seen.set(operation.key, places);
    const place = operation.kind === "write" ? "written" : operation.node;
    const before = places.get(place);
    if (!before || value >= before.value) places.set(place, { value, by: operation });
  }

  /** The operation that had shown more than this read: an own write if there is one, then a read on the same node, then on another. */
  missedBy({ key, node, value }: Operation): Operation | null {
    const places = this.#seen.get(key);
    if (!places || value === null) return null;
    for (const place of ["written", node, ...places.keys()]) {
      const seen = places.get(place);
      if (seen && seen.value > value) return seen.by;
    }
    return null;
  }
}

/** By register; what failed was not written. */
function highestWritten(operations: readonly Operation[]): ReadonlyMap<string, number> {
  const highest = new Map<string, number>();
  for (const { kind, key, value, outcome } of operations) {
    if (kind !== "write" || outcome === "failed" || value === null) continue;
    highest.set(key, Math.max(value, highest.get(key) ?? 0));
  }
  return highest;
}
