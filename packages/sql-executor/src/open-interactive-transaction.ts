import { isolationStatement } from "./batch-steps.ts";
import { classifyDriverError } from "./driver-error.ts";
import { InteractiveTransaction, type InteractiveTransactionOptions } from "./interactive-transaction.ts";
import { ConnectionLostError } from "./query-command.ts";
import type { SessionPool } from "./session-pool.ts";
import type { OpenTransaction, OpenTransactionOptions } from "./sql-executor.ts";
import { guardDatabase } from "./statement-guard.ts";

const ATTEMPTS_MAX = 2;
const BEGIN_MS_MAX = 5_000;

/**
 * Begins a transaction on a session of its own. The session does not commit by itself either: were the transaction ended by a
 * statement that nobody thought of, what comes after it would still not be committed.
 */
export async function openInteractiveTransaction(
  services: Omit<InteractiveTransactionOptions, "lend"> & { readonly pool: SessionPool },
  { database, isolation }: OpenTransactionOptions,
): Promise<OpenTransaction> {
  guardDatabase(database);
  const { pool, sessions } = services;
  const { lending } = sessions;
  for (let attempt = 1; ; attempt++) {
    try {
      const lend = await lending.lendOpen({ pool, database, autocommit: false });
      try {
        await lending.timed(lend.session, BEGIN_MS_MAX, async ({ session }) => {
          if (isolation !== undefined) await session.run(isolationStatement(isolation));
          await session.run("START TRANSACTION");
        });
      } catch (error) {
        lend.end();
        throw error;
      }
      return new InteractiveTransaction({ ...services, lend });
    } catch (error) {
      if (!(error instanceof ConnectionLostError) || attempt === ATTEMPTS_MAX)
        throw classifyDriverError(error);
      // What lies idle broke with it, most likely by a restart of the server. Nothing was done yet.
      pool.dropIdle();
    }
  }
}
