import type { SqlExecutor, SqlSession } from "@understudy/sql-executor";
import { applyServerMode } from "./server-mode.ts";

const FENCE_MS = 3000;
/** Sessions of the server itself, and those that only read its binlog. */
const NOT_CLIENTS = ["system user", "event_scheduler"];
const NOT_CLIENT_COMMANDS = ["Daemon", "Binlog Dump", "Binlog Dump GTID", "Slave_IO", "Slave_SQL"];

/**
 * Makes sure that no client can change this database any more: ends all sessions but those of the node's own account, since
 * `SET GLOBAL read_only` would wait for what they run, then makes the server read-only. Throws `database-unavailable` or `timeout` where that can't be had.
 */
export async function fenceServer(executor: SqlExecutor): Promise<void> {
  await executor.endApplicationSessions();
  await executor.withAdmin(endClientSessions, { timeoutMs: FENCE_MS });
  await applyServerMode(executor, "slave");
}

async function endClientSessions(session: SqlSession): Promise<void> {
  const rows = await session.rows(
    `SELECT ID AS id, USER AS user, COMMAND AS command FROM information_schema.PROCESSLIST
     WHERE USER <> SUBSTRING_INDEX(USER(), '@', 1)`,
  );
  for (const row of rows) {
    const isClient =
      !NOT_CLIENTS.includes(String(row["user"])) && !NOT_CLIENT_COMMANDS.includes(String(row["command"]));
    // one that ended by itself in the meantime is what we want
    if (isClient) await session.run(`KILL CONNECTION ${Number(row["id"])}`).catch(() => undefined);
  }
}
