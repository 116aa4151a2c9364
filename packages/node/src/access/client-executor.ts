import type { ClientAccess, ClientExecutor, ClientRight, SqlExecutor } from "@understudy/sql-executor";
import type { FastifyRequest } from "fastify";
import { callerOf, requireAnyRight, type Caller } from "./caller.ts";

const CLIENT_RIGHTS: readonly ClientRight[] = ["read", "write", "ddl"];

/** The executor for a request's SQL: it can do what the request's token permits and no more, by the database server's own rights. */
export function executorFor(
  request: FastifyRequest,
  executor: Pick<SqlExecutor, "confinedTo">,
): ClientExecutor {
  return executor.confinedTo(clientAccessOf(callerOf(request)));
}

/** What a caller may do with data. */
function clientAccessOf({ rights, databases }: Caller): ClientAccess {
  return { rights: new Set(CLIENT_RIGHTS.filter((right) => rights.has(right))), databases };
}

/** Throws `forbidden` where the caller lacks the right that the statement needs; what can't be read is left to whoever runs it. */
export function requireStatementRight(
  caller: Caller,
  executor: Pick<SqlExecutor, "rightFor">,
  sql: string,
): void {
  if (CLIENT_RIGHTS.every((right) => caller.rights.has(right))) return;
  requireAnyRight(caller, [executor.rightFor(sql)], "this statement");
}

/**
 * Tells callers apart by what they may do: what one of them was answered under an idempotency key is no answer to another. Empty for
 * those that may do everything.
 */
export function scopeOf(caller: Caller): string {
  const { rights, databases } = clientAccessOf(caller);
  if (databases === null && rights.size === CLIENT_RIGHTS.length) return "";
  return JSON.stringify([[...rights], databases]);
}
