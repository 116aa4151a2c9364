import { UnderstudyError } from "@understudy/protocol";
import { BeforeCommitError } from "./before-commit-error.ts";
import { bindSqlParams } from "./bind-sql-params.ts";
import type { DatabaseSession } from "./database-session.ts";
import { classifyDriverError } from "./driver-error.ts";
import { ConnectionLostError } from "./query-command.ts";
import type { NodeStatement } from "./sql-executor.ts";

/**
 * Runs what stands before COMMIT. Whatever breaks here is rolled back by the server for certain, so a lost connection is
 * `database-unavailable` and nothing worse.
 */
export async function beforeCommit<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw classifyDriverError(error);
  }
}

/** Runs a statement of the node's own within the transaction. Throws {@link BeforeCommitError}. */
export async function runNodeStatement(
  session: DatabaseSession,
  { sql, params }: NodeStatement,
): Promise<void> {
  const text = bindSqlParams(sql, params);
  try {
    await session.run(text);
  } catch (error) {
    throw new BeforeCommitError(classifyDriverError(error));
  }
}

/**
 * Commits; the GTID is the one of the OK packet. Throws a {@link ConnectionLostError} where it can't be told whether it was done,
 * also where the server's last word is that the session is being ended.
 */
export async function commit(session: DatabaseSession): Promise<string | null> {
  try {
    return (await session.run("COMMIT")).gtid;
  } catch (error) {
    const { code, message } = classifyDriverError(error);
    if (code === "database-unavailable") throw new ConnectionLostError(message, true, error);
    throw error;
  }
}

/** Ends the transaction without effect, whatever state the session is in. */
export async function rollBack(session: DatabaseSession): Promise<void> {
  if (!session.isUsable) return;
  // Where it can't be said, cutting the connection rolls back as well.
  await session.run("ROLLBACK").catch(() => session.destroy());
}

/** What to say where the connection was lost once a write or COMMIT was sent. */
export function writeUncertain(cause: unknown): UnderstudyError {
  return new UnderstudyError(
    "write-uncertain",
    "the connection to the database server broke after the write was sent; it may or may not have been committed",
    { cause },
  );
}
