import { backticked } from "@understudy/binlog";
import { isCopiedSchema } from "./server-schemas.ts";
import type { ServerSession } from "./server-session.ts";
import type { ViewRecord } from "./view-record.ts";

/**
 * All views of the copied schemas. The dump programs are not given them: they fail at a view whose tables are gone, and what they write
 * of a view WITH CHECK OPTION on another view can't be run. The session must have no default database, so that names are qualified.
 */
export async function readViews(session: ServerSession): Promise<ViewRecord[]> {
  const rows = await session.rows(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES
     WHERE TABLE_TYPE = 'VIEW' AND ${isCopiedSchema("TABLE_SCHEMA")} ORDER BY 1, 2`,
  );
  const views: ViewRecord[] = [];
  for (const row of rows) {
    const schema = String(row["s"]);
    const name = String(row["t"]);
    const [view] = await session.rows(`SHOW CREATE VIEW ${backticked(schema)}.${backticked(name)}`);
    views.push({
      schema,
      name,
      create: String(view?.["Create View"]),
      characterSet: String(view?.["character_set_client"]),
      collation: String(view?.["collation_connection"]),
    });
  }
  return views;
}
