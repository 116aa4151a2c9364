import { createConnection } from "mysql2/promise";
import type { DatabaseServer } from "@understudy/database-server";
import { randomToken } from "@understudy/kernel";

const TIMEOUT_MS = 10_000;

/** The name of the cluster whose data a database server holds, as the nodes have written it there; a new one where it holds none. */
export async function clusterIdOf(database: Pick<DatabaseServer, "url">): Promise<string> {
  await using connection = await createConnection({ uri: database.url, connectTimeout: TIMEOUT_MS });
  const [tables] = await connection.query<never[]>({
    sql: "SELECT 1 FROM information_schema.tables WHERE table_schema = 'understudy' AND table_name = 'cluster'",
    timeout: TIMEOUT_MS,
  });
  if (tables.length > 0) {
    const [rows] = await connection.query<never[]>({
      sql: "SELECT cluster_id AS id FROM understudy.cluster",
      timeout: TIMEOUT_MS,
    });
    const id: unknown = rows[0]?.["id"];
    if (typeof id === "string") return id;
  }
  return `sandbox-${randomToken(9)}`;
}
