import { backticked } from "@understudy/binlog";
import { tableKey, type DumpColumn, type ReadAs, type InexactTables } from "./inexact-columns.ts";

const NAME = /`((?:[^`]|``)*)`/g;
const READ_ROWS =
  /^(SELECT \/\*!40001 SQL_NO_CACHE \*\/ )(.*)( FROM (?:`((?:[^`]|``)*)`\.)?`((?:[^`]|``)*)`.*)$/s;
const USE = /^use `((?:[^`]|``)*)`$/i;
/** What MariaDB's program sets of its session's time limits; a copy may be read slower than the server's own limits allow. */
const MARIADB_TIMEOUTS = "/*M!100100 SET WAIT_TIMEOUT=DEFAULT */";
const PATIENCE = "SET SESSION wait_timeout=31536000, net_write_timeout=86400";

/**
 * What a dump program asks, as the server should be asked: rows in a way that makes their text exact (a FLOAT as the DOUBLE of the same
 * value). All other questions stay as they are.
 */
export class DumpQueries {
  readonly #inexactTables: InexactTables;
  #schema = "";

  constructor(inexactTables: InexactTables) {
    this.#inexactTables = inexactTables;
  }

  /** The program has chosen a default schema. */
  use(schema: string): void {
    this.#schema = schema;
  }

  /** The statement to send instead. */
  rewrite(sql: string): string {
    if (sql === MARIADB_TIMEOUTS) return PATIENCE;
    const chosen = USE.exec(sql)?.[1];
    if (chosen !== undefined) this.use(unquoted(chosen));
    const [, select, list, rest, schema, table] = READ_ROWS.exec(sql) ?? [];
    if (select === undefined || list === undefined || rest === undefined || table === undefined) return sql;
    const key = tableKey(schema === undefined ? this.#schema : unquoted(schema), unquoted(table));
    const columns = this.#inexactTables.get(key);
    return columns ? `${select}${exact(list, columns)}${rest}` : sql;
  }
}

function exact(list: string, columns: readonly DumpColumn[]): string {
  if (list.trim() === "*") return columns.map(formatColumn).join(", ");
  const byName = new Map(columns.map((column) => [column.name, column]));
  return list.replaceAll(NAME, (text, inner: string) => {
    const column = byName.get(unquoted(inner));
    return column ? formatColumn(column) : text;
  });
}

/** What keeps a value as it is and gives it a type whose text is exact. */
const EXACT: Readonly<Record<ReadAs, string>> = { itself: "", double: " * 1e0", index: " + 0" };

function formatColumn({ name, readAs }: DumpColumn): string {
  const quoted = backticked(name);
  return readAs === "itself" ? quoted : `${quoted}${EXACT[readAs]} AS ${quoted}`;
}

function unquoted(inner: string): string {
  return inner.replaceAll("``", "`");
}
