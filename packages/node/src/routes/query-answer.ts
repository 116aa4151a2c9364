import type { QueryAnswer } from "@understudy/protocol";
import type { QueryOptions } from "@understudy/sql-executor";
import type { NodeRuntime } from "../node-runtime.ts";

/** Runs a query on this node's own data. The position is taken before it runs: everything up to there is in the rows. */
export async function answerQuery(runtime: NodeRuntime, query: QueryOptions): Promise<QueryAnswer> {
  const { executor, role } = runtime.running();
  const { clock, identity } = runtime.services;
  const position = role.positionText();
  const startedMs = clock.monotonicMs();
  const { columns, rows, rowCount } = await executor.query(query);
  return {
    columns,
    rows,
    rowCount,
    position,
    node: identity.nodeId,
    role: role.kind,
    lagMs: role.lagMs(),
    timeMs: elapsedMs(clock.monotonicMs() - startedMs),
  };
}

/** Milliseconds with three digits: what is measured is no finer. */
export function elapsedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
