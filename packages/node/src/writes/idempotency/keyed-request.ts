import type { Committed, NodeStatement } from "@understudy/sql-executor";
import type { Written } from "../run-plan.ts";

/** A write under an idempotency key. */
export interface KeyedRequest {
  readonly key: string;
  /** What was asked for, see `requestHash`: 32 bytes. */
  readonly hash: Uint8Array;
  /** HTTP status of success, answered again with the answer. */
  readonly status: number;
  /** Ends a wait for a twin, not the write itself: aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** Makes of a write's answer the statement that keeps it, to be run just before COMMIT in the write's own transaction. */
export type Keep = (answer: object) => NodeStatement;

/** One try of a write, which must hand `keep` on to the executor's `beforeCommit`. */
export type KeyedAttempt = (keep: Keep) => Promise<Written>;

/** A write that happened, now or under an earlier try. */
export interface KeyedOutcome extends Committed {
  /** The answer but for its receipt. */
  readonly answer: object;
  readonly status: number;
  /** True where an earlier try had done it. `gtid` is then a position that holds it, and may hold more. */
  readonly isReplayed: boolean;
}
