import { errorCodeOf, type ErrorCode } from "@understudy/protocol";

const MISSING: ReadonlySet<ErrorCode> = new Set(["unknown-database", "unknown-table"]);

/** True where the schema `understudy` or the table asked for is not there: no master, or none of this version, has made it. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(errorCodeOf(error));
}
