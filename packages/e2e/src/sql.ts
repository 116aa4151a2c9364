import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import type { DatabaseServer } from "@understudy/database-server";

/** Whose database server is spoken to. */
export interface SqlTarget {
  readonly nodeId: string;
  readonly database: Pick<DatabaseServer, "url">;
}

/** A connection to a node's database server as root, past the API: `await using connection = await sql(node)`. */
export async function sql(node: SqlTarget): Promise<Connection> {
  const connection = await createConnection({
    uri: node.database.url,
    connectTimeout: 5_000,
    supportBigNumbers: true,
    dateStrings: true,
  });
  // a server that is killed breaks its connections: the next query tells, nobody else need
  connection.on("error", () => undefined);
  return connection;
}

/** Runs one query that gives rows on a connection of its own and gives its rows. */
export async function rowsOf(
  node: SqlTarget,
  query: string,
  params: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  await using connection = await sql(node);
  const [rows] = await connection.query<RowDataPacket[]>({
    sql: query,
    values: [...params],
    timeout: 30_000,
  });
  return rows.map((row) => ({ ...row }));
}
