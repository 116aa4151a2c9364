import type { Operation } from "./operation.ts";

/** An operation for tests of the checkers, by default a write of 1 into `r`, confirmed, from 0 to 1 ms. */
export function madeOperation(part: Partial<Operation>): Operation {
  return {
    client: "a",
    node: "node1",
    kind: "write",
    key: "r",
    value: 1,
    invokedMs: 0,
    returnedMs: (part.invokedMs ?? 0) + 1,
    outcome: "ok",
    position: null,
    ...part,
  };
}
