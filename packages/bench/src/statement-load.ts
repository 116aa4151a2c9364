/** One statement, as a request's body and for a pool. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly (string | number)[];
}

/** How much load. */
export interface LoadAmount {
  readonly connections: number;
  readonly durationMs: number;
}

/** What came of a load. */
export interface LoadResult {
  readonly confirmed: number;
  readonly failed: number;
  /** Statements that may have been run although nobody heard of it. */
  readonly unknownMax: number;
  readonly tookMs: number;
}
