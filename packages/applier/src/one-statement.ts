import { EVENT_TYPE } from "@understudy/binlog";
import {
  endsStatement,
  statementFlags,
  tableIdOf,
  withoutStatementEnd,
  withStatementEnd,
} from "./rows-event.ts";
import { sequenceIds } from "./sequence-rows.ts";

/**
 * The statements of a MariaDB transaction as one, so that autocommit makes the transaction of it; null where they should stay apart.
 *
 * A statement that changes a sequence or a table without transactions beside others leaves two statements under one GTID. As two they
 * cannot be repeated: the server writes the first into its binlog at once, under the GTID, and the second under a number of its
 * own. So two statements on different tables become one, as do all of a transaction with a sequence. The sequences' rows come last:
 * whatever may fail, most of all a lock that is waited for, comes before the change that no server takes back.
 */
export function asOneStatement(events: readonly Buffer[]): readonly Buffer[] | null {
  const sequences = sequenceIds(events);
  const statements = tablesByStatement(events);
  if (statements === null) return null;
  if (sequences.size === 0) {
    const [first, second] = statements;
    if (statements.length !== 2 || !first || !second || !first.isDisjointFrom(second)) return null;
  }
  const maps = new Map<number, Buffer>();
  const plain: Buffer[] = [];
  const last: Buffer[] = [];
  for (const bytes of events) {
    const id = tableIdOf(bytes);
    if (bytes[4] === EVENT_TYPE.tableMap) maps.set(id, bytes);
    else (sequences.has(id) ? last : plain).push(withoutStatementEnd(bytes));
  }
  const rows = [...plain, ...last];
  const end = rows.pop();
  return end === undefined ? null : [...maps.values(), ...rows, withStatementEnd(end)];
}

/** The tables of each statement; null where their flags differ, since a server reads the flags once a statement. */
function tablesByStatement(events: readonly Buffer[]): ReadonlySet<number>[] | null {
  const statements: Set<number>[] = [];
  let current = new Set<number>();
  let flags: number | null = null;
  for (const bytes of events) {
    current.add(tableIdOf(bytes));
    if (bytes[4] === EVENT_TYPE.tableMap) continue;
    if (flags !== null && flags !== statementFlags(bytes)) return null;
    flags = statementFlags(bytes);
    if (!endsStatement(bytes)) continue;
    statements.push(current);
    current = new Set();
  }
  return statements;
}
