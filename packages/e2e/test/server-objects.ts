import { rowsOf, type Cluster } from "../src/index.ts";
import type { SqlTarget } from "../src/sql.ts";
import { expect } from "vitest";

const SYSTEM = "('mysql','sys','performance_schema','information_schema','understudy')";

type Rows = readonly Readonly<Record<string, unknown>>[];

/**
 * Expects that every slave has the master's views, routines, triggers, events, schemas, users and grants. Rows and tables are
 * `expectAllEqual`'s part; call this after it. A node's own accounts (root, `understudy_*`) may differ.
 */
export async function expectEqualObjects(cluster: Cluster): Promise<void> {
  const wanted = await serverObjects(cluster.master);
  for (const slave of cluster.slaves) expect(await serverObjects(slave), slave.nodeId).toEqual(wanted);
}

/** Everything but tables that replication has to keep equal. */
export async function serverObjects(node: SqlTarget): Promise<Readonly<Record<string, Rows>>> {
  const objects: Record<string, Rows> = {};
  for (const [name, query] of Object.entries(QUERIES)) objects[name] = await rowsOf(node, query);
  for (const { u, h } of await rowsOf(node, ACCOUNTS)) {
    // a MariaDB role has no host
    const account = h === "" ? `\`${String(u)}\`` : `\`${String(u)}\`@\`${String(h)}\``;
    const rows = await rowsOf(node, `SHOW GRANTS FOR ${account}`);
    objects[`grants of ${account}`] = rows.map((row) => ({ grant: Object.values(row)[0] }));
  }
  return objects;
}

const ACCOUNTS = `SELECT user AS u, host AS h FROM mysql.user
  WHERE user NOT LIKE 'understudy\\_%' AND user NOT LIKE 'mysql.%' AND user NOT IN ('root','mariadb.sys','mysql','PUBLIC')
  ORDER BY 1, 2`;

const QUERIES = {
  schemas: `SELECT schema_name AS s, default_character_set_name AS cs, default_collation_name AS co
    FROM information_schema.schemata WHERE schema_name NOT IN ${SYSTEM} ORDER BY 1`,
  views: `SELECT table_schema AS s, table_name AS n, view_definition AS d, definer AS u, security_type AS st,
      check_option AS co, character_set_client AS c, collation_connection AS cc
    FROM information_schema.views WHERE table_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  routines: `SELECT routine_schema AS s, routine_name AS n, routine_type AS t, routine_definition AS d, sql_mode AS m,
      definer AS u, security_type AS st, routine_comment AS rc, character_set_client AS c, collation_connection AS cc
    FROM information_schema.routines WHERE routine_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  triggers: `SELECT trigger_schema AS s, trigger_name AS n, event_object_table AS o, event_manipulation AS e,
      action_timing AS t, action_statement AS d, sql_mode AS m, definer AS u, action_order AS ao
    FROM information_schema.triggers WHERE trigger_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  events: `SELECT event_schema AS s, event_name AS n, event_definition AS d, definer AS u, time_zone AS z, status AS st,
      interval_value AS i, interval_field AS f, on_completion AS oc, event_comment AS ec
    FROM information_schema.events WHERE event_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  accounts: ACCOUNTS,
} as const;
