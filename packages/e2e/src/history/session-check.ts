import { describeOperation, type Operation } from "./operation.ts";

/** What a client has seen of a register, at least. */
interface Seen {
  readonly value: number;
  readonly by: Operation;
}

/**
 * What sessions were not shown although they had written or read it: each register is written by one client, with growing values, and
 * every read follows (`after`) what its client did before. In sentences. A read of an unknown write counts as seen from then on.
 */
export function sessionFaults(operations: readonly Operation[]): string[] {
  const faults: string[] = [];
  const written = highestWritten(operations);
  for (const ofClient of Map.groupBy(operations, ({ client }) => client).values()) {
    const seen = new Map<string, Seen>();
    for (const operation of ofClient.toSorted((a, b) => a.invokedMs - b.invokedMs)) {
      const { key, kind, value, outcome } = operation;
      if (outcome !== "ok" || value === null) continue;
      const before = seen.get(key);
      if (kind === "read" && before && value < before.value) {
        const what = before.by.kind === "write" ? "missed its own write" : "went back in time";
        faults.push(`a read ${what}: ${describeOperation(operation)}, after ${describeOperation(before.by)}`);
      }
      if (kind === "read" && value > (written.get(key) ?? 0)) {
        faults.push(`a read of what nobody wrote: ${describeOperation(operation)}`);
      }
      if (!before || value >= before.value) seen.set(key, { value, by: operation });
    }
  }
  return faults;
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
