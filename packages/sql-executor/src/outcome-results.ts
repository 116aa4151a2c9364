import { UnderstudyError, type Column, type Warning } from "@understudy/protocol";
import type { RowLimits, StatementOutcome } from "./collected-rows.ts";
import type { ExecuteResult, QueryResult } from "./sql-executor.ts";
import type { StatementShape } from "./statement-shape.ts";
import type { WireColumn } from "./wire-column.ts";

/** The rows as clients get them. Throws `too-many-rows`, and `invalid-request` where objects would lose a column. */
export function queryResultOf(outcome: StatementOutcome, limits: RowLimits): QueryResult {
  const { columns, rows, rowCount, overflow } = outcome;
  if (overflow !== null) throw tooMany(overflow, limits);
  if (columns === null) return { columns: [], rows: [], rowCount: 0 };
  if (limits.shape === "objects") refuseSameNames(columns);
  return { columns: columnsOf(columns), rows, rowCount };
}

/** The columns as clients get them. */
export function columnsOf(columns: readonly WireColumn[]): Column[] {
  return columns.map(({ name, type, nullable, charset }) => ({ name, type, nullable, charset }));
}

/** What a change did, without its GTID and warnings. */
export function changeOf(
  shape: StatementShape,
  { columns, affectedRows, insertId, rowCount }: StatementOutcome,
): Pick<ExecuteResult, "affectedRows" | "insertId"> {
  // `… RETURNING` answers with the changed rows instead of their count.
  const returning = columns !== null && shape.mentions.has("RETURNING");
  return { affectedRows: returning ? rowCount : affectedRows, insertId };
}

/** Rows of `SHOW WARNINGS`: level, number, message. */
export function warningsOf({ rows }: StatementOutcome): Warning[] {
  return rows
    .filter((row) => Array.isArray(row))
    .map(([level, errno, message]) => ({
      level: String(level),
      errno: Number(errno),
      message: String(message),
    }));
}

/** Throws `invalid-request` where an object would lose a column. */
export function refuseSameNames(columns: readonly Column[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) {
      throw new UnderstudyError(
        "invalid-request",
        `two columns are called ${JSON.stringify(name)}, so an object can't hold both; give them aliases, or ask for rows: "arrays"`,
      );
    }
    seen.add(name);
  }
}

function tooMany(overflow: "rows" | "bytes", { rowsMax, bytesMax }: RowLimits): UnderstudyError {
  return new UnderstudyError(
    "too-many-rows",
    overflow === "rows"
      ? `the answer has more than ${rowsMax} rows; add LIMIT or raise maxRows`
      : `the answer has more than ${bytesMax} bytes of rows; add LIMIT or ask for fewer columns`,
  );
}
