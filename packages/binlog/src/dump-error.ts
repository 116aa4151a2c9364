import { isUnderstudyError, UnderstudyError } from "@understudy/protocol";
import type { ServerError } from "./server-error.ts";

/** The number that most failures of a dump share: purged, unknown, damaged, or ended by another reader of the same id. */
const ER_MASTER_FATAL_ERROR_READING_BINLOG = 1236;

/** MariaDB's own numbers for a position that it cannot serve, sent where the number above is not. */
const POSITION_NOT_SERVED = new Set([
  1945, // a GTID is not in any binlog file
  1955, // a GTID is from the future
]);

/** The account may not do this. */
const ACCESS_DENIED = new Set([1044, 1045, 1142, 1227]);

/** True for errors that may mean that the position is purged or unknown, and may mean something else. */
export function mayConcernPosition(errno: number): boolean {
  return errno === ER_MASTER_FATAL_ERROR_READING_BINLOG || POSITION_NOT_SERVED.has(errno);
}

/**
 * True for what a reader of a damaged binlog fails with. The servers' number for that has other causes (a reader of the same id, for
 * one), which pass: damage stays.
 */
export function mayBeDamaged(error: unknown): boolean {
  if (!isUnderstudyError(error)) return false;
  return error.code === "binlog-corrupt" || error.details["errno"] === ER_MASTER_FATAL_ERROR_READING_BINLOG;
}

/** Classifies by number: `forbidden` where the account lacks the right, else `database-unavailable`. */
export function classifyServerError(
  doing: string,
  error: Pick<ServerError, "errno" | "message">,
  cause?: unknown,
): UnderstudyError {
  const code = ACCESS_DENIED.has(error.errno) ? "forbidden" : "database-unavailable";
  return new UnderstudyError(code, `${doing}: ${error.message}`, {
    details: error.errno === 0 ? {} : { errno: error.errno },
    ...(cause === undefined ? {} : { cause }),
  });
}
