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

const GEOMETRIES = /^(geometry|point|linestring|polygon|multi\w+|geometrycollection)$/;

/**
 * The server's own checksum. MariaDB's is another each time for a table with virtual columns, though nothing has changed: there one
 * is made of all values of each row, by the server as well, since 100,000 rows are much to read.
 */
async function checksumOf(node: SqlTarget, db: unknown, name: unknown): Promise<string> {
  const columns = await rowsOf(
    node,
    `SELECT column_name AS name, data_type AS type, extra, @@version LIKE '%MariaDB%' AS is_mariadb
     FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
    [db, name],
  );
  const isUnsteady = columns.some(
    ({ extra, is_mariadb: isMariadb }) => Number(isMariadb) === 1 && String(extra).includes("VIRTUAL"),
  );
  if (!isUnsteady) {
    const [checksum] = await rowsOf(node, "CHECKSUM TABLE ??.??", [db, name]);
    return String(checksum?.["Checksum"]);
  }
  const values = columns.map(({ type }) => {
    const bytes = GEOMETRIES.test(String(type)) ? "ST_AsBinary(??)" : "CAST(?? AS BINARY)";
    return `COALESCE(HEX(${bytes}), 'null')`;
  });
  const line = `CONCAT_WS(',', ${values.join(", ")})`;
  const [sums] = await rowsOf(
    node,
    `SELECT CONCAT(SUM(CRC32(${line})), ':', BIT_XOR(CRC32(CONCAT('x', ${line})))) AS sums FROM ??.??`,
    [...columns.map((column) => column["name"]), ...columns.map((column) => column["name"]), db, name],
  );
  return String(sums?.["sums"]);
}
