import type { Flavour } from "@understudy/protocol";
import type { BinlogEvent } from "@understudy/binlog";
import { buildComQuery, pieceBytes, type SqlPiece } from "./com-query.ts";
import { wholenessCheck, wholenessMark } from "./wholeness.ts";
import type { BatchEntry, BatchStep } from "./step.ts";

/** What makes one entry. */
export interface EntryParts {
  readonly gtid: string;
  readonly tableMap: BinlogEvent | null;
  /** Table maps and rows; empty for a transaction without effect. */
  readonly events: readonly Buffer[];
  /** True where the events are one statement, so that autocommit makes the transaction of it. */
  readonly isOneStatement: boolean;
  /** True where more than one table is named, so that a part might be written without the rest. */
  readonly isDivisible: boolean;
}

/** Above this many bytes a transaction, the server's copies of a block's text cost more than its single answer saves. */
const BLOCK_ENTRY_BYTES_MAX = 8 * 1024;

/**
 * The text of one small transaction. Each statement costs parsing, and on MySQL an answer with a system call, so there are as
 * few as can be: `SET GTID_NEXT` and `BINLOG` where autocommit will do. MariaDB: assignments for `SET`, already without the keyword.
 */
export function mysqlEntry(parts: EntryParts): BatchEntry {
  const { gtid } = parts;
  if (parts.isOneStatement) {
    return entryOf(parts, [`SET GTID_NEXT='${gtid}';`, ...rowsOf(parts.events)], 2);
  }
  const rows = rowsOf(parts.events);
  const answers = rows.length > 0 ? 4 : 3;
  return entryOf(parts, [`SET GTID_NEXT='${gtid}';BEGIN;`, ...rows, "COMMIT;"], answers);
}

/** As {@link mysqlEntry}; `assignments` set the GTID (`gtid_seq_no=7`, and domain and server where they change). */
export function mariadbEntry(
  parts: EntryParts,
  assignments: { readonly kept: string; readonly once: string },
): BatchEntry {
  const kept = assignments.kept === "" ? "" : `SET ${assignments.kept};`;
  const keptAnswers = assignments.kept === "" ? 0 : 1;
  const rows = rowsOf(parts.events);
  const isMarked = parts.isDivisible;
  if (parts.isOneStatement) {
    const sql = [`${kept}SET STATEMENT ${assignments.once} FOR `, ...rows];
    if (isMarked) sql.push(wholenessMark(parts.gtid));
    return { ...entryOf(parts, sql, keptAnswers + (isMarked ? 2 : 1)), isMarked };
  }
  const check = isMarked ? wholenessCheck(parts.gtid) : "";
  const answers = (rows.length > 0 ? 4 : 3) + keptAnswers + (isMarked ? 1 : 0);
  const sql = [`${kept}SET ${assignments.once};START TRANSACTION;`, ...rows, `${check}COMMIT;`];
  return { ...entryOf(parts, sql, answers), isMarked };
}

/**
 * One packet of the entries. On MariaDB all of it is one anonymous block where the entries are small, which answers once: that
 * saves a system call and a wake-up for each statement, which were half of the whole cost.
 */
export function buildBatch(flavour: Flavour, entries: readonly BatchEntry[]): BatchStep {
  const sql = entries.flatMap((entry) => entry.sql);
  let answers = 0;
  let bytes = 0;
  for (const entry of entries) {
    answers += entry.answers;
    bytes += entry.bytes;
  }
  if (flavour === "mariadb" && answers > 1 && bytes <= entries.length * BLOCK_ENTRY_BYTES_MAX) {
    const query = buildComQuery(flavour, ["BEGIN NOT ATOMIC ", ...sql, "END"]);
    return { kind: "batch", entries, query, answers: 1 };
  }
  return { kind: "batch", entries, query: buildComQuery(flavour, sql), answers };
}

function entryOf(parts: EntryParts, sql: readonly SqlPiece[], answers: number): BatchEntry {
  let bytes = 0;
  for (const piece of sql) bytes += pieceBytes(piece);
  return { gtid: parts.gtid, tableMap: parts.tableMap, sql, bytes, answers, isMarked: false };
}

function rowsOf(events: readonly Buffer[]): readonly SqlPiece[] {
  return events.length === 0 ? [] : ["BINLOG '", { base64: events }, "';"];
}
