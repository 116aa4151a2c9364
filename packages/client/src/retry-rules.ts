import { errorCodeOf, type ErrorCode } from "@understudy/protocol";
import { isCodedError } from "@understudy/kernel";

/** The node said so before it did anything. */
const NOT_DONE: ReadonlySet<ErrorCode> = new Set([
  "no-leader",
  "starting",
  "overloaded",
  "rate-limited",
  "forward-loop",
]);

const NOT_HERE: ReadonlySet<ErrorCode> = new Set([
  ...NOT_DONE,
  "node-unreachable",
  "database-unavailable",
  "too-stale",
]);

/** May have been done or not: with a key the next try finds out. */
const PASSING_WITH_KEY: ReadonlySet<ErrorCode> = new Set([
  ...NOT_DONE,
  "node-unreachable",
  "write-uncertain",
  "database-unavailable",
  "epoch-stale",
  "deadlock",
]);

/** Beside those after which a write is tried again: said before its key was looked at, or by nobody who could. */
const TELLS_NOTHING: ReadonlySet<ErrorCode> = new Set([
  "unauthenticated",
  "forbidden",
  "timeout",
  "internal",
]);

const NOT_THE_MASTER: ReadonlySet<ErrorCode> = new Set([
  "no-leader",
  "forward-loop",
  "starting",
  "node-unreachable",
  "write-uncertain",
  "epoch-stale",
]);

/** What undoes an interactive transaction as a whole and may not happen to the next. */
const UNDOES_TRANSACTION: ReadonlySet<ErrorCode> = new Set([
  ...NOT_DONE,
  "node-unreachable",
  "database-unavailable",
  "epoch-stale",
  "deadlock",
  "transaction-expired",
]);

/** True where another node, or the same one later, may well answer a read that failed like this. */
export function isWorthAnotherNode(error: unknown): boolean {
  return NOT_HERE.has(errorCodeOf(error));
}

/** True where a write with an idempotency key that failed like this may succeed later, or turn out to be done. */
export function mayWriteAgainWithKey(error: unknown): boolean {
  return PASSING_WITH_KEY.has(errorCodeOf(error));
}

/** True where a write without a key that failed like this surely changed nothing and may succeed later. */
export function mayWriteAgain(error: unknown): boolean {
  const code = errorCodeOf(error);
  return NOT_DONE.has(code) || code === "deadlock" || wasNotSent(error);
}

/** True where a try of a write that failed like this may have been carried out all the same. */
export function mayHaveWritten(error: unknown): boolean {
  return errorCodeOf(error) === "write-uncertain";
}

/**
 * True where a try that failed like this tells that none of the earlier ones under its key was carried out: the master looked the key up.
 * One that was turned away, or that broke off, tells nothing of them.
 */
export function settlesEarlierTries(error: unknown): boolean {
  return !mayWriteAgainWithKey(error) && !TELLS_NOTHING.has(errorCodeOf(error));
}

/** True where a request surely did not reach its node. */
export function wasNotSent(error: unknown): boolean {
  return isCodedError(error, "node-unreachable") && error.details["sent"] === false;
}

/** True where a write's failure may mean that another node is the master now. */
export function mayHaveMoved(error: unknown): boolean {
  return NOT_THE_MASTER.has(errorCodeOf(error));
}

/** True where a transaction that failed like this changed nothing and may succeed when all of it is done again. */
export function mayRepeatTransaction(error: unknown): boolean {
  if (!UNDOES_TRANSACTION.has(errorCodeOf(error))) return false;
  return !(isCodedError(error) && error.details["outcome"] === "committed");
}
