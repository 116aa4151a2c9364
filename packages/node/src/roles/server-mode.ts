import type { SqlExecutor } from "@understudy/sql-executor";
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
    const [now] = await session.rows(
      "SELECT @@GLOBAL.event_scheduler AS scheduler, @@GLOBAL.read_only AS closed",
    );
    // `SET GLOBAL` waits for running statements, so it is done only where something changes
    const ensure = async (column: "scheduler" | "closed", name: string, wanted: string): Promise<void> => {
      if (String(now?.[column]) !== wanted) await session.run(`SET GLOBAL ${name} = ${wanted}`);
    };
    if (role === "slave") {
      await ensure("scheduler", "event_scheduler", "OFF");
      await ensure("closed", "read_only", "1");
      return;
    }
    await ensure("closed", "read_only", "0");
    await ensure("scheduler", "event_scheduler", "ON");
  }, limits);
}
