import { backticked } from "@understudy/binlog";
import type { TestSession } from "@understudy/database-server/test-session";

const SYSTEM = "('mysql','sys','performance_schema','information_schema')";

/** Everything that replication must keep equal: definitions, rows by checksum, accounts. */
export async function serverContents(session: TestSession): Promise<Readonly<Record<string, unknown>>> {
  const contents: Record<string, unknown> = {};
  await session.run("SET NAMES utf8mb4, time_zone='+00:00'", "USE information_schema");
  contents["schemas"] = await session.rows(
    `SELECT * FROM information_schema.schemata WHERE schema_name NOT IN ${SYSTEM} ORDER BY schema_name`,
  );
  const tables = await session.rows<{ s: string; t: string; kind: string }>(
    `SELECT table_schema AS s, table_name AS t, table_type AS kind FROM information_schema.tables
     WHERE table_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  for (const { s, t, kind } of tables) {
    const name = `${backticked(s)}.${backticked(t)}`;
    if (kind.includes("VIEW")) {
      contents[name] = await session.rows(`SHOW CREATE VIEW ${name}`);
      continue;
    }
    contents[name] = [
      withoutCounter(await session.rows(`SHOW CREATE TABLE ${name}`)),
      await session.rows(`CHECKSUM TABLE ${name}`),
    ];
    if (kind === "SEQUENCE") contents[`${name} state`] = await session.rows(`SELECT * FROM ${name}`);
    if (kind === "SYSTEM VERSIONED") {
      contents[`${name} history`] = await session.rows(
        `SELECT *, row_start, row_end FROM ${name} FOR SYSTEM_TIME ALL ORDER BY 1, 2, row_start`,
      );
    }
  }
  contents["routines"] = await session.rows(
    `SELECT routine_schema AS s, routine_name AS n, routine_type AS t, routine_definition AS d, sql_mode AS m, definer AS u,
       character_set_client AS c, collation_connection AS cc, database_collation AS dc, created AS at
     FROM information_schema.routines WHERE routine_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  contents["triggers"] = await session.rows(
    `SELECT trigger_schema AS s, trigger_name AS n, action_statement AS d, sql_mode AS m, definer AS u, character_set_client AS c,
       collation_connection AS cc, database_collation AS dc
     FROM information_schema.triggers WHERE trigger_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  contents["events"] = await session.rows(
    `SELECT event_schema AS s, event_name AS n, event_definition AS d, definer AS u, time_zone AS z, status AS st, interval_value AS i
     FROM information_schema.events ORDER BY 1, 2`,
  );
  const accounts = await session.rows<{ u: string; h: string }>(
    "SELECT user AS u, host AS h FROM mysql.user WHERE user NOT LIKE 'mysql.%' AND user NOT IN ('root','mariadb.sys','mysql','PUBLIC') ORDER BY 1, 2",
  );
  for (const { u, h } of accounts) {
    contents[`grants of ${u}@${h}`] = await session.rows(
      h === "" ? `SHOW GRANTS FOR \`${u}\`` : `SHOW GRANTS FOR \`${u}\`@\`${h}\``,
    );
  }
  return contents;
}

/** The next AUTO_INCREMENT value is no part of what a binlog carries. */
function withoutCounter(rows: readonly Record<string, unknown>[]): unknown {
  return JSON.parse(JSON.stringify(rows).replaceAll(/ AUTO_INCREMENT=\d+/g, ""));
}
