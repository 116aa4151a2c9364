import type { ServerQuestions } from "@understudy/binlog";
import type { QuarantinedTableColumns } from "@understudy/protocol";

/** Columns of these tables, in order; a table that is not there is left out. */
export async function readTableColumns(
  server: ServerQuestions,
  tables: readonly { readonly database: string; readonly table: string }[],
): Promise<QuarantinedTableColumns[]> {
  const described: QuarantinedTableColumns[] = [];
  for (const { database, table } of tables) {
    const rows = await server.rows(
      `SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = ${literal(database)} AND TABLE_NAME = ${literal(table)} ORDER BY ORDINAL_POSITION`,
    );
    if (rows.length === 0) continue;
    const columns = rows.map((row) => ({ name: String(row["name"]), type: String(row["type"]) }));
    described.push({ database, table, columns });
  }
  return described;
}

/** A string as SQL writes it, whatever the session's sql_mode says of backslashes. */
export function literal(text: string): string {
  return `_utf8mb4 X'${Buffer.from(text).toString("hex")}'`;
}

/** A name in backticks. */
export function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
