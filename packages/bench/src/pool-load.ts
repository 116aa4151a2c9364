import { createPool } from "mysql2/promise";
import { systemClock } from "@understudy/kernel";
import type { LoadAmount, LoadResult, Statement } from "./statement-load.ts";

const STATEMENT_TIMEOUT_MS = 30_000;

/** Sends statements to a database server through a mysql2 pool, with as many under way as it has connections. */
export async function loadPool(
  url: string,
  statements: readonly Statement[],
  amount: LoadAmount,
): Promise<LoadResult> {
  const { connections, durationMs } = amount;
  await using pool = createPool({ uri: url, connectionLimit: connections, connectTimeout: 10_000 });
  // as with the HTTP load, connecting is no part of it
  const held = await Promise.all(Array.from({ length: connections }, () => pool.getConnection()));
  for (const connection of held) connection.release();

  let confirmed = 0;
  let failed = 0;
  const startedMs = systemClock.monotonicMs();
  const work = async (first: number): Promise<void> => {
    for (let n = first; systemClock.monotonicMs() - startedMs < durationMs; n++) {
      const statement = statements[n % statements.length];
      if (!statement) return;
      try {
        await pool.query({
          sql: statement.sql,
          values: [...statement.params],
          timeout: STATEMENT_TIMEOUT_MS,
        });
        confirmed++;
      } catch {
        failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => work(index)));
  return { confirmed, failed, unknownMax: 0, tookMs: systemClock.monotonicMs() - startedMs };
}
