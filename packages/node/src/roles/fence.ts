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
  // one after the other: a session of the node's own that was just logging in would be taken for a client's
  await executor.endApplicationSessions();
  await executor.withAdmin(endClientSessions, { timeoutMs: FENCE_MS });
  await applyServerMode(executor, "slave");
}

async function endClientSessions(session: SqlSession): Promise<void> {
  const [self] = await session.rows("SELECT SUBSTRING_INDEX(USER(), '@', 1) AS user");
  // a table of information_schema would want a temporary one on a disk that may be full
  for (const row of await session.rows("SHOW PROCESSLIST")) {
    const isClient =
      row["User"] !== self?.["user"] &&
      !NOT_CLIENTS.includes(String(row["User"])) &&
      !NOT_CLIENT_COMMANDS.includes(String(row["Command"]));
    // one that ended by itself in the meantime is what we want
    if (isClient) await session.run(`KILL CONNECTION ${Number(row["Id"])}`).catch(() => undefined);
  }
}
