/** What a client did. `total` is the sum of all accounts of the bank. */
export type OperationKind = "read" | "write" | "swap" | "transfer" | "total" | "mark";

/** How it ended, as far as the client knows: `unknown` may have taken effect, then or any time later, or never. */
export type Outcome = "ok" | "failed" | "unknown";

/** One operation of one client, as that client saw it. A client has one under way at a time. */
export interface Operation {
  readonly client: string;
  readonly node: string;
  readonly kind: OperationKind;
  /** Register, account pair or marker. */
  readonly key: string;
  /** What was read or written; null where nothing is known. */
  readonly value: number | null;
  /** Of a swap: what had to be there. */
  readonly expected?: number;
  /** Of a swap that is `ok`: whether it was there. */
  readonly swapped?: boolean;
  readonly invokedMs: number;
  readonly returnedMs: number;
  readonly outcome: Outcome;
  /** What the answer named as its position. */
  readonly position: string | null;
}

/** One line for people. */
export function describeOperation(operation: Operation): string {
  const { client, node, kind, key, value, expected, outcome, position } = operation;
  const from = expected === undefined ? "" : `${expected} → `;
  const missed = operation.swapped === false ? " (not there)" : "";
  const time = `${operation.invokedMs.toFixed(1)}–${operation.returnedMs.toFixed(1)} ms`;
  return `${client} at ${node}: ${kind} ${key} ${from}${String(value)}${missed}, ${outcome}, ${time}, ${position ?? "no position"}`;
}
