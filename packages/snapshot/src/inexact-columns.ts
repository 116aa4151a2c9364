import { isCopiedSchema } from "./server-schemas.ts";
import type { ServerSession } from "./server-session.ts";

/**
 * How a column has to be read so that its text is exact: a FLOAT's has six digits, so that another number would come back; an ENUM's
 * error value and its member '' have the same text.
 */
export type ReadAs = "itself" | "double" | "index";

/** A column as a dump reads it. */
export interface DumpColumn {
  readonly name: string;
  readonly readAs: ReadAs;
}

/** The columns of tables that have any whose text is not exact, in the order of `SELECT *`, by {@link tableKey}. */
export type InexactTables = ReadonlyMap<string, readonly DumpColumn[]>;

/** One text for each table. */
export function tableKey(schema: string, table: string): string {
  return JSON.stringify([schema, table]);
}

/** Finds the tables whose rows' text is not exact. Invisible columns are left out, as `SELECT *` does. */
export async function readInexactTables(session: ServerSession): Promise<InexactTables> {
  const rows = await session.rows(
    `SELECT c.TABLE_SCHEMA AS s, c.TABLE_NAME AS t, c.COLUMN_NAME AS n, c.DATA_TYPE AS d, c.COLUMN_TYPE AS ct
     FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
     WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ${isCopiedSchema("c.TABLE_SCHEMA")}
       AND c.EXTRA NOT LIKE '%INVISIBLE%'
     ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION`,
  );
  const tables = new Map<string, DumpColumn[]>();
  for (const row of rows) {
    const key = tableKey(String(row["s"]), String(row["t"]));
    const columns = tables.get(key) ?? [];
    columns.push({ name: String(row["n"]), readAs: readAs(String(row["d"]), String(row["ct"])) });
    tables.set(key, columns);
  }
  return new Map([...tables].filter(([, columns]) => columns.some((column) => column.readAs !== "itself")));
}

function readAs(dataType: string, columnType: string): ReadAs {
  if (/^float$/i.test(dataType)) return "double";
  return /^enum$/i.test(dataType) && /[(,]''[,)]/.test(columnType) ? "index" : "itself";
}
