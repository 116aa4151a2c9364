import type { SqlExecutor } from "@understudy/sql-executor";

/** Commits a row of the node's own, which is replicated as any. Throws as the server does, `timeout` where it takes too long. */
export async function commitBeat(
  executor: Pick<SqlExecutor, "withAdmin">,
  { epoch, timeoutMs }: { readonly epoch: bigint; readonly timeoutMs: number },
): Promise<void> {
  await executor.withAdmin(
    (session) =>
      session.run(
        `INSERT INTO understudy.heartbeat (id, epoch, beat_at) VALUES (1, ?, UTC_TIMESTAMP(6))
         ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), beat_at = VALUES(beat_at)`,
        [epoch],
      ),
    { timeoutMs },
  );
}
