import { isCodedError } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { SqlExecutor } from "@understudy/sql-executor";

/**
 * Runs what a request does to a table. Where the table is unknown because its very database is, says so: some servers blame
 * the table alone.
 */
export async function inDatabase<Result>(
  executor: Pick<SqlExecutor, "describeDatabase">,
  database: string,
  task: () => Promise<Result>,
): Promise<Result> {
  try {
    return await task();
  } catch (error) {
    if (!isCodedError(error, "unknown-table")) throw error;
    if (await isThere(executor, database)) throw error;
    throw new UnderstudyError("unknown-database", `there is no database ${JSON.stringify(database)}`, {
      details: error.details,
      cause: error,
    });
  }
}

async function isThere(executor: Pick<SqlExecutor, "describeDatabase">, database: string): Promise<boolean> {
  try {
    await executor.describeDatabase(database);
    return true;
  } catch (error) {
    if (isCodedError(error, "not-found")) return false;
    throw error;
  }
}
