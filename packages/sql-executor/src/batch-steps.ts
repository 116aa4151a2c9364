import { UnderstudyError } from "@understudy/protocol";
import { classifyDriverError } from "./driver-error.ts";
import type { BatchOptions } from "./sql-executor.ts";
import type { StatementShape } from "./statement-shape.ts";

/** A statement of a batch, ready to be sent. */
export interface PreparedStatement {
  readonly shape: StatementShape;
  readonly isQuery: boolean;
  readonly sql: string;
}

/** Runs a step; its error carries the index of the statement. */
export function atIndex<T>(index: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw withIndex(classifyDriverError(error), index);
  }
}

/** The same error with `statementIndex` among its details. */
export function withIndex(error: UnderstudyError, statementIndex: number): UnderstudyError {
  return new UnderstudyError(error.code, error.message, {
    cause: error,
    details: { ...error.details, statementIndex },
  });
}

/** Sets the isolation of the next transaction. */
export function isolationStatement(isolation: NonNullable<BatchOptions["isolation"]>): string {
  return `SET TRANSACTION ISOLATION LEVEL ${isolation.replace("-", " ").toUpperCase()}`;
}
