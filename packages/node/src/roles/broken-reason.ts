import type { ApplierState } from "@understudy/applier";

/** Which transaction an applier stopped at, on which table, and what the server said; null while it is not broken. */
export function brokenReason(state: ApplierState): string | null {
  if (state.kind !== "broken") return null;
  const where = state.table === null ? "" : ` on ${state.table}`;
  return `transaction ${state.gtid}${where}: ${state.error}`;
}
