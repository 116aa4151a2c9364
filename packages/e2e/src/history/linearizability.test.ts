import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linearizabilityFaults } from "./linearizability.ts";
import { madeOperation } from "./made-operation.ts";
import type { Operation } from "./operation.ts";

/** `[from, to]` in ms, and what was done. */
function at(invokedMs: number, returnedMs: number, part: Partial<Operation>): Operation {
  return madeOperation({ client: `c${invokedMs}`, ...part, invokedMs, returnedMs });
}
const write = (from: number, to: number, value: number, part: Partial<Operation> = {}): Operation =>
  at(from, to, { kind: "write", value, ...part });
const read = (from: number, to: number, value: number): Operation => at(from, to, { kind: "read", value });
const swap = (from: number, to: number, [expected, value]: [number, number], swapped = true): Operation =>
  at(from, to, { kind: "swap", expected, value, swapped });

const GOOD: Readonly<Record<string, readonly Operation[]>> = {
  "nothing at all": [],
  "one after another": [write(0, 1, 1), read(2, 3, 1), write(4, 5, 2), read(6, 7, 2)],
  "the initial value": [read(0, 1, 0), write(2, 3, 1)],
  "a read of a write under way": [write(0, 10, 1), read(1, 2, 1), read(3, 4, 1)],
  "a read that does not see a write under way yet": [write(0, 10, 1), read(1, 2, 0), read(3, 4, 1)],
  "overlapping writes in either order": [write(0, 10, 1), write(0, 10, 2), read(11, 12, 1)],
  "touching in time": [write(0, 5, 1), read(5, 6, 0)],
  "an unknown write that never happened": [write(0, 1, 1, { outcome: "unknown" }), read(2, 3, 0)],
  "an unknown write that happened late": [
    write(0, 1, 1, { outcome: "unknown" }),
    read(2, 3, 0),
    write(4, 5, 2),
    read(6, 7, 1),
  ],
  "a failed write": [write(0, 1, 1, { outcome: "failed" }), read(2, 3, 0)],
  "a swap, and one that misses": [
    write(0, 1, 1),
    swap(2, 3, [1, 2]),
    swap(4, 5, [1, 3], false),
    read(6, 7, 2),
  ],
  "a miss that only an unknown write explains": [
    write(0, 1, 5),
    write(2, 3, 9, { outcome: "unknown" }),
    swap(4, 5, [5, 6], false),
    write(6, 7, 7),
    read(8, 9, 7),
  ],
  "two registers": [write(0, 1, 1), at(2, 3, { kind: "read", key: "other", value: 0 })],
};

const BAD: Readonly<Record<string, readonly Operation[]>> = {
  "a stale read": [write(0, 1, 1), read(2, 3, 0)],
  "a read of what was never written": [write(0, 1, 1), read(2, 3, 7)],
  "a read of what had failed": [write(0, 1, 1, { outcome: "failed" }), read(2, 3, 1)],
  "a read of what is not yet begun": [read(0, 1, 1), write(2, 3, 1)],
  "a new value and then the old one": [write(0, 10, 1), read(1, 2, 1), read(3, 4, 0)],
  "readers that disagree on the order": [write(0, 10, 1), write(0, 10, 2), read(11, 12, 1), read(13, 14, 2)],
  "an unknown write that happens twice": [
    write(0, 1, 1, { outcome: "unknown" }),
    read(2, 3, 1),
    write(4, 5, 2),
    read(6, 7, 1),
  ],
  "two swaps of one value": [write(0, 1, 1), swap(2, 5, [1, 2]), swap(2, 5, [1, 3])],
  "a swap that missed what was there": [write(0, 1, 1), swap(2, 3, [1, 2], false)],
};

/** All orders of all choices of the unknown ones, as the definition says. Slow. */
function isLinearizableByDefinition(operations: readonly Operation[], initial: number): boolean {
  const explain = (left: readonly Operation[], value: number): boolean => {
    if (left.every(({ outcome }) => outcome === "unknown")) return true;
    return left.some((next) => {
      const ends = ({ outcome, returnedMs }: Operation): number =>
        outcome === "unknown" ? Number.POSITIVE_INFINITY : returnedMs;
      if (left.some((other) => other !== next && ends(other) < next.invokedMs)) return false;
      const after = take(value, next);
      return (
        after !== null &&
        explain(
          left.filter((other) => other !== next),
          after,
        )
      );
    });
  };
  return explain(
    operations.filter(({ outcome, kind }) => outcome === "ok" || (outcome === "unknown" && kind !== "read")),
    initial,
  );
}

function take(value: number, operation: Operation): number | null {
  if (operation.kind === "read") return value === operation.value ? value : null;
  if (operation.kind === "write") return operation.value;
  const isThere = value === operation.expected;
  if (operation.swapped === false) return isThere ? null : value;
  return isThere ? operation.value : null;
}

const operation = fc
  .record({
    invokedMs: fc.integer({ min: 0, max: 12 }),
    tookMs: fc.integer({ min: 0, max: 6 }),
    kind: fc.constantFrom("read", "read", "write", "swap"),
    value: fc.integer({ min: 0, max: 3 }),
    expected: fc.integer({ min: 0, max: 3 }),
    swapped: fc.boolean(),
    outcome: fc.constantFrom("ok", "ok", "ok", "unknown", "failed"),
  } as const)
  .map(({ tookMs, expected, swapped, ...part }) => ({
    ...madeOperation({ ...part, returnedMs: part.invokedMs + tookMs }),
    ...(part.kind === "swap" ? { expected, ...(part.outcome === "ok" ? { swapped } : {}) } : {}),
  }));

describe("linearizabilityFaults", () => {
  it.each(Object.entries(GOOD))("takes %s", (_name, operations) => {
    expect(linearizabilityFaults(operations, 0)).toEqual([]);
  });

  it.each(Object.entries(BAD))("finds %s", (_name, operations) => {
    expect(linearizabilityFaults(operations, 0)).toEqual([expect.stringContaining("r is not linearizable")]);
  });

  it("judges as the definition does", () => {
    const verdicts = { good: 0, bad: 0 };
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 7 }), (operations) => {
        const wanted = isLinearizableByDefinition(operations, 0);
        verdicts[wanted ? "good" : "bad"]++;
        expect(linearizabilityFaults(operations, 0).length === 0).toBe(wanted);
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(verdicts.good, verdicts.bad)).toBeGreaterThan(300);
  });

  it("takes long histories with unknown writes quickly", () => {
    const operations: Operation[] = [];
    for (let n = 1; n <= 20_000; n++) {
      const outcome = n % 1_000 === 0 ? "unknown" : "ok";
      operations.push(write(n * 10, n * 10 + 30, n, { outcome }));
      if (n % 5 === 0) operations.push(read(n * 10 + 41, n * 10 + 44, outcome === "ok" ? n : n - 1));
    }
    const before = process.cpuUsage();
    linearizabilityFaults(operations, 0);
    // the processor's time: a machine that is busy with other things makes no algorithm slower
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(10_000);
  });
});
