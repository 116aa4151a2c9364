import type { Warning } from "@understudy/protocol";
import type { DatabaseSession } from "./database-session.ts";
import { queryResultOf, warningsOf } from "./outcome-results.ts";
import type { RowLimits, StatementOutcome } from "./collected-rows.ts";
import { ConnectionLostError } from "./query-command.ts";
import type { QueryOptions, QueryResult } from "./sql-executor.ts";

const ROWS_MAX = 10_000;
const WARNINGS_MAX = 100;

/** Runs a query and collects its rows, up to `maxRows` and `resultBytesMax`. */
export async function collectRows(
  session: DatabaseSession,
  sql: string,
  options: Pick<QueryOptions, "rows" | "maxRows"> & { readonly resultBytesMax: number },
): Promise<QueryResult> {
  const limits: RowLimits = {
    shape: options.rows ?? "objects",
    rowsMax: options.maxRows ?? ROWS_MAX,
    bytesMax: options.resultBytesMax,
  };
  return queryResultOf(await session.run(sql, limits), limits);
}

/** The warnings of the statement that ran just before on the session. */
export async function readWarnings(
  session: DatabaseSession,
  { warningCount }: StatementOutcome,
): Promise<Warning[]> {
  if (warningCount === 0) return [];
  const limits = { shape: "arrays", rowsMax: WARNINGS_MAX, bytesMax: 1 << 20 } as const;
  try {
    return warningsOf(await session.run(`SHOW WARNINGS LIMIT ${WARNINGS_MAX}`, limits));
  } catch (error) {
    // The change itself is done; that its warnings can't be had must not make it look undone.
    if (error instanceof ConnectionLostError) return [];
    throw error;
  }
}
