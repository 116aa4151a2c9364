import type {
  BatchOptions,
  BatchStatementResult,
  ChangeResult,
  ExecuteOptions,
} from "@understudy/sql-executor";

/** One statement of its own transaction. */
export interface ExecutePlan {
  readonly kind: "execute";
  readonly options: Omit<ExecuteOptions, "beforeCommit">;
  /** Where named, a table that is unknown is blamed on its database where that is unknown too. */
  readonly database?: string;
  /** The answer but for its receipt. */
  readonly answerOf: (done: ChangeResult) => object;
}

/** Statements that are one transaction. */
export interface BatchPlan {
  readonly kind: "batch";
  readonly options: Omit<BatchOptions, "beforeCommit">;
  /** The answer but for its receipt. */
  readonly answerOf: (results: readonly BatchStatementResult[]) => object;
}

/** What a write does in the database and answers, decided from its request alone. */
export type WritePlan = ExecutePlan | BatchPlan;
