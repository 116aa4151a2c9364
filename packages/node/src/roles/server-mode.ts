import type { SqlSession, SqlExecutor } from "@understudy/sql-executor";
import type { Role } from "@understudy/protocol";

/**
 * Makes the database server what the role needs: writable with its event scheduler on under a master, read-only with the
 * scheduler off under a slave (a replicated event would run on every node otherwise). Servers forget this at a restart, so it
 * is called again with each new connection to one that was gone.
 */
export async function applyServerMode(
  executor: SqlExecutor,
  role: Role,
  limits: { readonly timeoutMs?: number } = {},
): Promise<void> {
  await executor.withAdmin(async (session) => {
    if (role === "slave") {
      await ensureVariable(session, "event_scheduler", "OFF");
      await ensureVariable(session, "read_only", "1");
      return;
    }
    await ensureVariable(session, "read_only", "0");
    await ensureVariable(session, "event_scheduler", "ON");
  }, limits);
}

/** `SET GLOBAL` waits for running statements, so it is done only where something changes. */
async function ensureVariable(
  session: SqlSession,
  name: string,
  wanted: "0" | "1" | "ON" | "OFF",
): Promise<void> {
  const [row] = await session.rows(`SELECT @@global.${name} AS value`);
  if (String(row?.["value"]) === wanted) return;
  await session.run(`SET GLOBAL ${name} = ${wanted}`);
}
