import { rowsOf, type SqlTarget } from "./sql.ts";

/** `database.table` → its definition and the checksum of its rows. */
export type Checksums = Readonly<Record<string, string>>;

/** What belongs to the server or to the node itself, and may differ. */
const OWN_SCHEMAS = ["mysql", "sys", "information_schema", "performance_schema", "understudy"];

/** Definition and checksum of every table of users on a node's database server; the rows' order does not count. */
export async function checksumsOf(node: SqlTarget): Promise<Checksums> {
  const tables = await rowsOf(
    node,
    `SELECT table_schema AS db, table_name AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN (?) ORDER BY 1, 2`,
    [OWN_SCHEMAS],
  );
  const result: Record<string, string> = {};
  for (const { db, name } of tables) {
    const [definition] = await rowsOf(node, "SHOW CREATE TABLE ??.??", [db, name]);
    const [checksum] = await rowsOf(node, "CHECKSUM TABLE ??.??", [db, name]);
    const [count] = await rowsOf(node, "SELECT COUNT(*) AS n FROM ??.??", [db, name]);
    // the counter is no part of the definition: it may run ahead where rows were rolled back
    const text = String(definition?.["Create Table"]).replace(/ AUTO_INCREMENT=\d+/, "");
    result[`${String(db)}.${String(name)}`] =
      `${String(count?.["n"])} rows, checksum ${String(checksum?.["Checksum"])}, ${text}`;
  }
  return result;
}
