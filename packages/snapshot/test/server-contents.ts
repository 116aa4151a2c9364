import { TestSession, type TestRow } from "@understudy/database-server/test-session";
import type { DatabaseServer } from "@understudy/database-server";
import { backticked } from "@understudy/binlog";

const SYSTEM = "('mysql','sys','performance_schema','information_schema')";

/** Everything that a copy must keep: definitions, rows by checksum and count, accounts with their rights. */
export async function serverContents(server: DatabaseServer): Promise<Readonly<Record<string, unknown>>> {
  using session = await TestSession.open(server);
  const contents: Record<string, unknown> = {};
  await session.run("SET NAMES utf8mb4, time_zone='+00:00', sql_mode=''");
  contents["schemas"] = await session.rows(
    `SELECT * FROM information_schema.schemata WHERE schema_name NOT IN ${SYSTEM} ORDER BY schema_name`,
  );
  const tables = await session.rows(
    `SELECT table_schema AS s, table_name AS t, table_type AS kind FROM information_schema.tables
     WHERE table_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  for (const row of tables) {
    const name = `${quoted(row["s"])}.${quoted(row["t"])}`;
    contents[name] = await contentsOfTable(session, name, String(row["kind"]));
  }
  contents["routines"] = await session.rows(
    `SELECT routine_schema AS s, routine_name AS n, routine_type AS t, routine_definition AS d, sql_mode AS m, definer AS u,
       character_set_client AS c, collation_connection AS cc, database_collation AS dc, security_type AS st, routine_comment AS rc
     FROM information_schema.routines WHERE routine_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  contents["triggers"] = await session.rows(
    `SELECT trigger_schema AS s, trigger_name AS n, action_statement AS d, sql_mode AS m, definer AS u, action_timing AS a,
       action_order AS o, character_set_client AS c, collation_connection AS cc, database_collation AS dc
     FROM information_schema.triggers WHERE trigger_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  contents["events"] = await session.rows(
    `SELECT event_schema AS s, event_name AS n, event_definition AS d, definer AS u, time_zone AS z, status AS st, interval_value AS i
     FROM information_schema.events WHERE event_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  return { ...contents, ...(await accountsOf(session)) };
}

async function contentsOfTable(session: TestSession, name: string, kind: string): Promise<unknown> {
  if (kind.includes("VIEW")) return await session.rows(`SHOW CREATE VIEW ${name}`);
  if (kind === "SEQUENCE") return await session.rows(`SHOW CREATE SEQUENCE ${name}`);
  const definition = JSON.stringify(await session.rows(`SHOW CREATE TABLE ${name}`));
  return [
    // the next value is no part of what a position tells
    definition.replaceAll(/ AUTO_INCREMENT=\d+/g, ""),
    await session.rows(`CHECKSUM TABLE ${name}`),
    await session.rows(`SELECT COUNT(*) FROM ${name}`),
    kind === "SYSTEM VERSIONED"
      ? await session.rows(
          `SELECT *, row_start, row_end FROM ${name} FOR SYSTEM_TIME ALL ORDER BY 1, 2, row_start`,
        )
      : null,
  ];
}

async function accountsOf(session: TestSession): Promise<Record<string, unknown>> {
  const accounts = await session.rows(
    `SELECT user AS u, host AS h FROM mysql.user
     WHERE user NOT LIKE 'mysql.%' AND user NOT IN ('root','mariadb.sys','mysql','PUBLIC','node_reader') ORDER BY 1, 2`,
  );
  const contents: Record<string, unknown> = {};
  for (const row of accounts) {
    const name = row["h"] === "" ? quoted(row["u"]) : `${quoted(row["u"])}@${quoted(row["h"])}`;
    contents[`grants of ${name}`] = [
      row["h"] === "" ? [] : await session.rows(`SHOW CREATE USER ${name}`),
      await grantsOf(session, name),
    ];
  }
  return contents;
}

/** In an order of their own; a right on a table that is gone can't be given again. */
async function grantsOf(session: TestSession, name: string): Promise<string[]> {
  const rows = await session.rows(`SHOW GRANTS FOR ${name}`);
  return rows
    .map((row) => String(Object.values(row)[0]))
    .filter((grant) => !grant.includes("soon_gone"))
    .map((grant) =>
      grant.replaceAll(/\(([^)]*)\)/g, (_, list: string) => `(${list.split(", ").toSorted().join(", ")})`),
    )
    .toSorted();
}

function quoted(name: TestRow[string] | undefined): string {
  return backticked(String(name));
}
