import type { ReplaySession } from "@understudy/applier";
import { literal } from "./table-columns.ts";

/** A column of a table on the master. */
export interface ShapeColumn {
  readonly name: string;
  /** `varchar`, `int`, … */
  readonly dataType: string;
  readonly columnType: string;
  /** True where its value follows from others. */
  readonly isGenerated: boolean;
}

/** A key that tells one row from all others. */
export interface TableKey {
  readonly index: string;
  readonly columns: readonly string[];
}

/** What must be known of a table on the master, to find its rows. */
export interface TableShape {
  readonly columns: readonly ShapeColumn[];
  /** Null where it has none. */
  readonly key: TableKey | null;
}

const GENERATED = /\b(?:VIRTUAL|STORED|PERSISTENT) GENERATED\b/i;

/** Reads a table's shape; null where the table is not there. */
export async function readTableShape(
  session: ReplaySession,
  { database, table }: { readonly database: string; readonly table: string },
): Promise<TableShape | null> {
  const where = `TABLE_SCHEMA = ${literal(database)} AND TABLE_NAME = ${literal(table)}`;
  const columns = await session.ask(
    `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, EXTRA FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  );
  if (columns.length === 0) return null;
  const parts = await session.ask(
    `SELECT INDEX_NAME, COLUMN_NAME, SUB_PART, NULLABLE FROM information_schema.STATISTICS
     WHERE ${where} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX`,
  );
  return {
    columns: columns.map(([name, dataType, columnType, extra]) => ({
      name: name ?? "",
      dataType: (dataType ?? "").toLowerCase(),
      columnType: columnType ?? "",
      isGenerated: GENERATED.test(extra ?? ""),
    })),
    key: chooseKey(parts),
  };
}

/** The first unique key, the primary one before others, of whole columns that are never NULL. */
function chooseKey(parts: readonly (readonly (string | null)[])[]): TableKey | null {
  const keys = new Map<string, (string | null)[]>();
  for (const [index, column, subPart, nullable] of parts) {
    const isWhole = subPart === null && nullable !== "YES";
    const columns = keys.get(index ?? "") ?? [];
    columns.push(isWhole ? (column ?? null) : null);
    keys.set(index ?? "", columns);
  }
  for (const [index, columns] of keys) {
    const whole = columns.filter((column) => column !== null);
    if (whole.length === columns.length) return { index, columns: whole };
  }
  return null;
}
