import type { Flavour } from "@understudy/protocol";
import type { BinlogEvent } from "@understudy/binlog";
import { buildComQuery } from "./com-query.ts";
import type { BatchEntry, BatchStep } from "./step.ts";

/** What makes one entry. */
export interface EntryParts {
  readonly gtid: string;
  readonly tableMap: BinlogEvent | null;
  /** Table maps and rows; empty for a transaction without effect. */
  readonly events: readonly Buffer[];
  /** True where the events are one statement, so that autocommit makes the transaction of it. */
  readonly isOneStatement: boolean;
}

/**
 * The text of one small transaction. Each statement costs parsing, and on MySQL an answer with a system call, so there are as
 * few as can be: `SET GTID_NEXT` and `BINLOG` where autocommit will do. MariaDB: assignments for `SET`, already without the keyword.
 */
export function mysqlEntry(parts: EntryParts): BatchEntry {
  const { gtid, tableMap } = parts;
  if (parts.isOneStatement) {
    return { gtid, tableMap, sql: `SET GTID_NEXT='${gtid}';BINLOG '${base64Of(parts.events)}';`, answers: 2 };
  }
  const [rows, rowsAnswers] = parts.events.length > 0 ? [`BINLOG '${base64Of(parts.events)}';`, 1] : ["", 0];
  return { gtid, tableMap, sql: `SET GTID_NEXT='${gtid}';BEGIN;${rows}COMMIT;`, answers: 3 + rowsAnswers };
}

/** As {@link mysqlEntry}; `assignments` set the GTID (`gtid_seq_no=7`, and domain and server where they change). */
export function mariadbEntry(
  parts: EntryParts,
  assignments: { readonly kept: string; readonly once: string },
): BatchEntry {
  const { gtid, tableMap } = parts;
  const kept = assignments.kept === "" ? "" : `SET ${assignments.kept};`;
  const keptAnswers = assignments.kept === "" ? 0 : 1;
  if (parts.isOneStatement) {
    const sql = `${kept}SET STATEMENT ${assignments.once} FOR BINLOG '${base64Of(parts.events)}';`;
    return { gtid, tableMap, sql, answers: 1 + keptAnswers };
  }
  const [rows, rowsAnswers] = parts.events.length > 0 ? [`BINLOG '${base64Of(parts.events)}';`, 1] : ["", 0];
  return {
    gtid,
    tableMap,
    sql: `${kept}SET ${assignments.once};START TRANSACTION;${rows}COMMIT;`,
    answers: 3 + rowsAnswers + keptAnswers,
  };
}

/**
 * One packet of the entries. On MariaDB all of it is one anonymous block, which answers once: that saves a system call and
 * a wake-up for each statement, which were half of the whole cost.
 */
export function buildBatch(flavour: Flavour, entries: readonly BatchEntry[]): BatchStep {
  const sql = entries.map((entry) => entry.sql).join("");
  let answers = 0;
  for (const entry of entries) answers += entry.answers;
  if (flavour === "mariadb" && answers > 1) {
    return {
      kind: "batch",
      entries,
      query: buildComQuery(flavour, [`BEGIN NOT ATOMIC ${sql}END`]),
      answers: 1,
    };
  }
  return { kind: "batch", entries, query: buildComQuery(flavour, [sql]), answers };
}

function base64Of(events: readonly Buffer[]): string {
  return Buffer.concat(events).toString("base64");
}
