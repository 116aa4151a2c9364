import { errorCodeOf, type ErrorCode } from "@understudy/protocol";
import { isCodedError } from "@understudy/kernel";

/** What a write consists of: one statement, or a transaction that may rest on what its caller read before. */
export type WriteExtent = "statement" | "transaction";

/** The node said so before it did anything. */
const NOT_DONE: ReadonlySet<ErrorCode> = new Set(["no-leader", "starting", "overloaded", "forward-loop"]);

const NOT_HERE: ReadonlySet<ErrorCode> = new Set([
  ...NOT_DONE,
  "node-unreachable",
  "database-unavailable",
  "too-stale",
]);

const NOT_THE_MASTER: ReadonlySet<ErrorCode> = new Set([
  "no-leader",
  "forward-loop",
  "starting",
  "node-unreachable",
  "write-uncertain",
  "epoch-stale",
]);

/** True where another node, or the same one later, may well answer a read that failed like this. */
export function isWorthAnotherNode(error: unknown): boolean {
  return NOT_HERE.has(errorCodeOf(error));
}

/**
 * True where a write that failed like this surely changed nothing and may succeed later. A deadlock undid a single
 * statement as a whole; a transaction's caller must judge it.
 */
export function mayWriteAgain(error: unknown, extent: WriteExtent): boolean {
  const code = errorCodeOf(error);
  if (code === "node-unreachable") return isCodedError(error) && error.details["sent"] === false;
  return NOT_DONE.has(code) || (code === "deadlock" && extent === "statement");
}

/** True where a write's failure may mean that another node is the master now. */
export function mayHaveMoved(error: unknown): boolean {
  return NOT_THE_MASTER.has(errorCodeOf(error));
}
