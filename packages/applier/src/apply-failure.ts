import type { BinlogEvent } from "@understudy/binlog";
import { UnderstudyError } from "@understudy/protocol";
import { mappedTable } from "./rows-event.ts";

/** Facts of a transaction that could not be applied. */
export interface ApplyFailure {
  readonly gtid: string;
  readonly table: string | null;
  readonly error: string;
  readonly errno: number | null;
  /** The server may hold a part of a transaction under its GTID: trying again would take it for whole. */
  readonly isDivided: boolean;
}

/** An `apply-failed` that says which transaction, on which table, and what the server said. */
export function applyFailed(failure: ApplyFailure, cause?: unknown): UnderstudyError {
  const where = failure.table === null ? "" : ` on ${failure.table}`;
  return new UnderstudyError(
    "apply-failed",
    `transaction ${failure.gtid} could not be applied${where}: ${failure.error}`,
    {
      details: { ...failure },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** The table of the last table map before the failure. */
export function tableOf(tableMap: BinlogEvent | null): string | null {
  return tableMap === null ? null : mappedTable(tableMap);
}
