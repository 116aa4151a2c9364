import type { RowsKind } from "./rows-event.ts";
import { Conflict } from "./conflict.ts";
import { quoted } from "./table-columns.ts";
import type { ShapeColumn, TableKey, TableShape } from "./table-shape.ts";

/** Numbers the staged rows, behind all other columns. */
export const STAGED_NUMBER = "understudy_n";

/** Staged rows that are to be compared with the master's. */
export interface StagedRows {
  readonly kind: Exclude<RowsKind, "partial-update">;
  /** Name of the staging table, as SQL writes it. */
  readonly staging: string;
  /** Name of the master's table, as SQL writes it. */
  readonly target: string;
  readonly key: TableKey;
  readonly columns: readonly ShapeColumn[];
  /** Numbers of the first and the last staged row. */
  readonly first: string;
  readonly last: string;
}

/** How many rows there are, and how the master's are to them. */
export interface ComparedRows {
  readonly total: number;
  readonly present: number;
  readonly asBefore: number;
  readonly asAfter: number;
}

/** Text has to be the same byte for byte, not only by its collation. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  "char",
  "varchar",
  "tinytext",
  "text",
  "mediumtext",
  "longtext",
]);

/** The columns that rows with this image can be compared by: those that they have and that do not follow from others. */
export function comparableColumns(shape: TableShape, image: Buffer): readonly ShapeColumn[] {
  return shape.columns.filter(
    ({ isGenerated }, index) => !isGenerated && ((image[index >> 3] ?? 0) & (1 << (index & 7))) !== 0,
  );
}

/**
 * The question how the master's rows are to staged ones, which it locks. Of rows with one key only the first is asked for: the others
 * build on it. The key is forced, since a scan of a small table would lock, and wait for, all of its rows. An update's rows come
 * in pairs, the old one first; their numbers grow, but may leave some out.
 */
export function comparisonSql(rows: StagedRows): string {
  const { kind, staging, target, key, columns, first, last } = rows;
  const number = quoted(STAGED_NUMBER);
  const isUpdate = kind === "update";
  const keyColumns = key.columns.map(quoted).join(", ");
  const sameKey = key.columns.map((column) => `t.${quoted(column)} = b.${quoted(column)}`).join(" AND ");
  const same = (alias: string): string => columns.map((column) => isSame(column, alias)).join(" AND ");
  const isThere = `t.${quoted(key.columns[0] ?? "")} IS NOT NULL`;
  const range = `FROM ${staging} WHERE ${number} BETWEEN ${first} AND ${last}`;
  const firsts = isUpdate
    ? `SELECT MIN(${number}) AS n, MIN(understudy_new) AS new_n
       FROM (SELECT ${keyColumns}, ${number}, ROW_NUMBER() OVER (ORDER BY ${number}) AS understudy_place,
         LEAD(${number}) OVER (ORDER BY ${number}) AS understudy_new ${range}) numbered
       WHERE understudy_place % 2 = 1 GROUP BY ${keyColumns}`
    : `SELECT MIN(${number}) AS n ${range} GROUP BY ${keyColumns}`;
  return `SELECT COUNT(*), COALESCE(SUM(${isThere}), 0), COALESCE(SUM(${isThere} AND ${same("b")}), 0),
      ${isUpdate ? `COALESCE(SUM(${isThere} AND NOT (${same("b")}) AND ${same("a")}), 0)` : "0"}
    FROM (${firsts}) f
    JOIN ${staging} b ON b.${number} = f.n
    ${isUpdate ? `JOIN ${staging} a ON a.${number} = f.new_n` : ""}
    LEFT JOIN ${target} t FORCE INDEX (${quoted(key.index)}) ON ${sameKey} FOR UPDATE`;
}

function isSame({ name, dataType }: ShapeColumn, alias: string): string {
  const [one, other] = [`t.${quoted(name)}`, `${alias}.${quoted(name)}`];
  if (!TEXT_TYPES.has(dataType)) return `${one} <=> ${other}`;
  return `CAST(${one} AS BINARY) <=> CAST(${other} AS BINARY)`;
}

/** What the comparison says against applying; null where nothing does. */
export function conflictOfRows(
  kind: StagedRows["kind"],
  { total, present, asBefore, asAfter }: ComparedRows,
  table: string,
): Conflict | null {
  if (kind === "insert") {
    if (present === 0) return null;
    return asBefore === present
      ? new Conflict("already-there", "rows to be inserted are there already, just as they are", {
          table,
          rows: present,
        })
      : new Conflict("duplicate-key", "other rows have the keys of rows to be inserted", {
          table,
          rows: present,
        });
  }
  const [missing, differing] = [total - present, present - asBefore];
  if (missing > 0) {
    const verb = kind === "update" ? "changed" : "deleted";
    return new Conflict("row-missing", `rows to be ${verb} are not there`, { table, rows: missing });
  }
  if (differing === 0) return null;
  return asAfter === differing
    ? new Conflict("already-there", "rows to be changed are already as they should become", {
        table,
        rows: differing,
      })
    : new Conflict("row-differs", "rows are not as they were when they were changed or deleted", {
        table,
        rows: differing,
      });
}
