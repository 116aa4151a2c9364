import { isErrorCode } from "@understudy/protocol";

/** What is to be made of an answer that confirms nothing: docs/guarantees.md says which of them mean that nothing was done. */
export type Verdict =
  /** Nothing was done; another try may succeed. */
  | "again"
  /** It may have been done; another try under the same key finds out. */
  | "open"
  /** It is done, but not as surely as was asked for. */
  | "unconfirmed"
  /** Nothing was done and nothing will be. */
  | "refused"
  /** No client should ever get this. */
  | "defect";

const VERDICTS: Readonly<Record<string, Verdict>> = {
  "no-leader": "again",
  starting: "again",
  overloaded: "again",
  "forward-loop": "again",
  deadlock: "again",
  "epoch-stale": "again",
  "database-unavailable": "again",
  "node-unreachable": "again",
  timeout: "again",
  // the last try under the same key tells what became of this one
  "write-uncertain": "open",
  "ack-timeout": "unconfirmed",
  "too-stale": "again",
};

/** Reads the code of a failed write that was sent under an idempotency key. */
export function verdictOf(code: unknown): Verdict {
  if (typeof code !== "string" || !isErrorCode(code)) return "defect";
  return VERDICTS[code] ?? "defect";
}
