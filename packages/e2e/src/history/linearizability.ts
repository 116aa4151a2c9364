import { byKey } from "./history.ts";
import { describeOperation, type Operation } from "./operation.ts";

/** A way in which it may have gone so far: what the register holds, and which operations under way have taken effect. */
interface Configuration {
  readonly value: number;
  readonly done: ReadonlySet<Operation>;
}

interface Moment {
  readonly atMs: number;
  readonly kind: "invoke" | "return";
  readonly operation: Operation;
}

/**
 * Registers whose reads, writes and swaps can't be explained by one order in which each took effect at once, somewhere between its
 * begin and its end; in sentences, at most one a register. A write of unknown outcome may take effect at any time after its
 * begin, or never. `initial` is what every register held before.
 *
 * The check is that of J. M. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (1993), register by register since
 * linearizability is local, in the "just-in-time" form of G. Lowe, "Testing for linearizability" (2017): walk through the
 * moments in order, keep every configuration that is possible, and let operations take effect only when one returns.
 */
export function linearizabilityFaults(operations: readonly Operation[], initial: number): string[] {
  return [...byKey(operations)].flatMap(([key, ofKey]) => {
    const stuck = firstUnexplained(ofKey, initial);
    if (!stuck) return [];
    const around = ofKey.filter(
      (it) => it.invokedMs <= stuck.operation.returnedMs && it.returnedMs >= stuck.operation.invokedMs - 20,
    );
    const story = around.slice(0, 40).map((it) => `  ${describeOperation(it)}`);
    return [
      [
        `${key} is not linearizable: ${describeOperation(stuck.operation)}; it could hold only ${stuck.values.join(", ")}. At that time:`,
        ...story,
      ].join("\n"),
    ];
  });
}

function firstUnexplained(
  operations: readonly Operation[],
  initial: number,
): { readonly operation: Operation; readonly values: readonly number[] } | null {
  const underWay = new Set<Operation>();
  let possible: readonly Configuration[] = [{ value: initial, done: new Set() }];
  for (const { kind, operation } of momentsOf(operations)) {
    if (kind === "invoke") {
      underWay.add(operation);
      continue;
    }
    const next = afterReturn(possible, operation, underWay);
    if (next.length === 0) return { operation, values: [...new Set(possible.map(({ value }) => value))] };
    possible = next;
    underWay.delete(operation);
  }
  return null;
}

/** What failed, and reads without an answer, say nothing. What returned unknown never returns. */
function momentsOf(operations: readonly Operation[]): readonly Moment[] {
  const moments = operations.flatMap((operation): Moment[] => {
    if (operation.outcome === "failed" || (operation.outcome === "unknown" && operation.kind === "read")) {
      return [];
    }
    const invoke = { atMs: operation.invokedMs, kind: "invoke", operation } as const;
    if (operation.outcome === "unknown") return [invoke];
    return [invoke, { atMs: operation.returnedMs, kind: "return", operation }];
  });
  // at the same time they overlap
  return moments.toSorted(
    (a, b) => a.atMs - b.atMs || (a.kind === b.kind ? 0 : a.kind === "invoke" ? -1 : 1),
  );
}

/** Every configuration in which `returning` has taken effect, with whatever else under way had to before it. */
function afterReturn(
  possible: readonly Configuration[],
  returning: Operation,
  underWay: ReadonlySet<Operation>,
): readonly Configuration[] {
  const reached: Configuration[] = [];
  const seen = new ConfigurationSet();
  const open = possible.filter((it) => seen.add(it));
  const candidates = [...underWay].filter((it) => it.outcome === "ok" || isAwaited(it, underWay));
  for (let configuration = open.pop(); configuration; configuration = open.pop()) {
    if (configuration.done.has(returning)) {
      const done = new Set(configuration.done);
      done.delete(returning);
      reached.push({ value: configuration.value, done });
      continue;
    }
    for (const operation of candidates) {
      if (configuration.done.has(operation)) continue;
      const value = valueAfter(configuration.value, operation);
      if (value === null) continue;
      const next = { value, done: new Set(configuration.done).add(operation) };
      if (seen.add(next)) open.push(next);
    }
  }
  return reached;
}

/** Whether an unknown write may matter to what is under way: else it need not have happened yet. */
function isAwaited({ value }: Operation, underWay: ReadonlySet<Operation>): boolean {
  return [...underWay].some((other) => {
    if (other.kind === "read") return other.value === value;
    return other.kind === "swap" && (other.swapped === false || other.expected === value);
  });
}

/** What the register holds after the operation; null where it can't take effect now. */
function valueAfter(value: number, operation: Operation): number | null {
  if (operation.kind === "read") return operation.value === value ? value : null;
  if (operation.kind === "write") return operation.value;
  if (operation.swapped === false) return value === operation.expected ? null : value;
  return value === operation.expected ? operation.value : null;
}

/**
 * Remembers configurations, but for those that can do no more than one that is there: an unknown write that is not done need never be,
 * so of two that differ in these alone the one with fewer done can do all that the other can.
 */
class ConfigurationSet {
  readonly #minima = new Map<string, ReadonlySet<Operation>[]>();
  readonly #ids = new Map<Operation, number>();

  /** False where it adds nothing. */
  add({ value, done }: Configuration): boolean {
    const unknown = new Set([...done].filter(({ outcome }) => outcome === "unknown"));
    const known = [...done.difference(unknown)].map((operation) => this.#idOf(operation));
    const name = `${value}/${known.toSorted((a, b) => a - b).join(",")}`;
    const minima = this.#minima.get(name) ?? [];
    if (minima.some((other) => other.isSubsetOf(unknown))) return false;
    this.#minima.set(name, [...minima.filter((other) => !unknown.isSubsetOf(other)), unknown]);
    return true;
  }

  #idOf(operation: Operation): number {
    const id = this.#ids.get(operation) ?? this.#ids.size;
    this.#ids.set(operation, id);
    return id;
  }
}
