import { describeOperation, type Operation } from "./operation.ts";

/** Totals that are not what they always have to be: transfers move money and make none. In sentences. */
export function bankFaults(operations: readonly Operation[], total: number): string[] {
  return operations
    .filter(({ kind, outcome, value }) => kind === "total" && outcome === "ok" && value !== total)
    .map((operation) => `the total is not ${total}: ${describeOperation(operation)}`);
}
