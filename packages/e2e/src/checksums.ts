import { createHash } from "node:crypto";
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
    const checksum = await checksumOf(node, db, name);
    const [count] = await rowsOf(node, "SELECT COUNT(*) AS n FROM ??.??", [db, name]);
    // the counter is no part of the definition: it may run ahead where rows were rolled back
    const text = String(definition?.["Create Table"]).replace(/ AUTO_INCREMENT=\d+/, "");
    result[`${String(db)}.${String(name)}`] = `${String(count?.["n"])} rows, checksum ${checksum}, ${text}`;
  }
  return result;
}

/** MariaDB's own checksum of a table with virtual columns is another each time, though nothing has changed: there the rows are read. */
async function checksumOf(node: SqlTarget, db: unknown, name: unknown): Promise<string> {
  const virtual = await rowsOf(
    node,
    "SELECT 1 FROM information_schema.columns WHERE table_schema = ? AND table_name = ? AND extra LIKE '%VIRTUAL%'",
    [db, name],
  );
  if (virtual.length === 0) {
    const [checksum] = await rowsOf(node, "CHECKSUM TABLE ??.??", [db, name]);
    return String(checksum?.["Checksum"]);
  }
  const rows = await rowsOf(node, "SELECT * FROM ??.??", [db, name]);
  const lines = rows.map((row) => JSON.stringify(row)).toSorted();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
