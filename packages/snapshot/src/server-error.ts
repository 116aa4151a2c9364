import { errnoOf } from "@understudy/binlog";
import { messageOf } from "@understudy/kernel";
import { isUnderstudyError, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import { tlsFailureWords } from "@understudy/tls";

/** Refusals that a person has to see to: unknown account, wrong password, missing right. */
const FORBIDDEN: ReadonlySet<number> = new Set([1044, 1045, 1142, 1227, 1370, 1698, 3118, 4151]);

/**
 * Makes an {@link UnderstudyError} of what the server or the driver threw: `forbidden` for a refused account,
 * `database-unavailable` for a connection that broke, and `snapshot-failed` with `details.errno` for the rest.
 */
export function classifyServerError(error: unknown): UnderstudyError {
  if (isUnderstudyError(error)) return error;
  const errno = errnoOf(error);
  if (errno === undefined) {
    return new UnderstudyError(
      "database-unavailable",
      `the database server ${tlsFailureWords(error) ?? `does not answer: ${messageOf(error)}`}`,
      {
        cause: error,
      },
    );
  }
  const code: ErrorCode = FORBIDDEN.has(errno) ? "forbidden" : "snapshot-failed";
  return new UnderstudyError(code, messageOf(error), { cause: error, details: { errno } });
}
