import { silentLogger, systemClock } from "@understudy/kernel";
import type { DatabaseServer } from "@understudy/database-server";
import { errorCodeOf, type ErrorCode } from "@understudy/protocol";
import {
  openSqlExecutor,
  parseDatabaseUrl,
  type SqlExecutor,
  type SqlExecutorOptions,
} from "../src/index.ts";

/** An executor on a test's server. */
export async function openExecutor(
  server: DatabaseServer,
  options: Partial<SqlExecutorOptions> = {},
): Promise<SqlExecutor> {
  return await openSqlExecutor({
    endpoint: parseDatabaseUrl(server.url),
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
}

/** The code with which it fails, or `ok`. */
export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | "ok"> {
  try {
    await work;
    return "ok";
  } catch (error) {
    return errorCodeOf(error);
  }
}
