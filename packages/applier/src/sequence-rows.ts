import { backticked, EVENT_TYPE } from "@understudy/binlog";
import type { SqlPiece } from "./com-query.ts";
import { endsStatement, mappedColumns, mappedName, tableIdOf, withStatementEnd } from "./rows-event.ts";

/** What a MariaDB sequence holds: the first value that is not reserved, and how often it has begun anew. */
export interface SequenceState {
  /** Schema and name in backticks, and the schema alone. */
  readonly table: string;
  readonly schema: string;
  readonly next: bigint;
  readonly round: bigint;
}

/** Column types of a sequence: its one row is always of this shape. */
const COLUMN_TYPES = Buffer.from([8, 8, 8, 8, 8, 8, 1, 8]);
const NEXT_COLUMN = "next_not_cached_value";
/** Null bits, the eight columns. */
const ROW_BYTES = 1 + 7 * 8 + 1;
const ROUND_OFFSET = 1 + 6 * 8 + 1;
const CHECKSUM_BYTES = 4;

/** True for the table map of a sequence, as servers write it that keep column names in their binlog (`binlog_row_metadata=FULL`). */
function isSequenceMap(bytes: Buffer): boolean {
  return mappedColumns(bytes).equals(COLUMN_TYPES) && bytes.includes(NEXT_COLUMN, 0, "latin1");
}

/** Table ids of the sequences among the events. */
export function sequenceIds(events: readonly Buffer[]): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const bytes of events) {
    if (bytes[4] === EVENT_TYPE.tableMap && isSequenceMap(bytes)) ids.add(tableIdOf(bytes));
  }
  return ids;
}

/**
 * Takes the sequences' rows out of whole statements; `states` gets what each sequence ended at, by its name. The other events are
 * still whole statements.
 */
export function withoutSequences(
  events: readonly Buffer[],
  states: Map<string, SequenceState>,
): readonly Buffer[] {
  const ids = sequenceIds(events);
  if (ids.size === 0) return events;
  const rest: Buffer[] = [];
  const maps = new Map<number, Buffer>();
  let hasRows = false;
  for (const bytes of events) {
    const id = tableIdOf(bytes);
    const isMap = bytes[4] === EVENT_TYPE.tableMap;
    if (!ids.has(id)) {
      rest.push(bytes);
      hasRows ||= !isMap;
    } else if (isMap) {
      maps.set(id, bytes);
    } else {
      const map = maps.get(id);
      if (map) keepState(states, map, bytes);
      const last = rest.at(-1);
      if (endsStatement(bytes) && last && last[4] !== EVENT_TYPE.tableMap) {
        rest[rest.length - 1] = withStatementEnd(last);
      }
    }
  }
  return hasRows ? rest : [];
}

/**
 * Sets a sequence to a state within a transaction. A `SELECT SETVAL` would write it into the binlog at once, under the transaction's
 * GTID; in the making of a temporary table it is written with the transaction.
 */
export function setSequence({ table, schema, next, round }: SequenceState): readonly SqlPiece[] {
  const temporary = `${schema}.understudy_sequence`;
  const sql = `CREATE OR REPLACE TEMPORARY TABLE ${temporary} SELECT SETVAL(${table},${next},0,${round}) AS state;`;
  return [Buffer.from(sql)];
}

function keepState(states: Map<string, SequenceState>, map: Buffer, rows: Buffer): void {
  const row = rows.length - CHECKSUM_BYTES - ROW_BYTES;
  const { schema, table } = mappedName(map);
  const name = `${backticked(schema)}.${backticked(table)}`;
  states.set(name, {
    table: name,
    schema: backticked(schema),
    next: rows.readBigInt64LE(row + 1),
    round: rows.readBigInt64LE(row + ROUND_OFFSET),
  });
}
