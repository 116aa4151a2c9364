import type { QueryAnswer } from "@understudy/protocol";
import type { QueryOptions } from "@understudy/sql-executor";
import type { NodeRuntime } from "../node-runtime.ts";
import type { PassHere } from "../reads/answer-read.ts";

/** Runs a query on this node's own data, after the read's gate. */
export async function answerQuery(
  runtime: NodeRuntime,
  pass: PassHere,
  query: QueryOptions,
): Promise<QueryAnswer> {
  const { executor, role } = runtime.running();
  const { clock, identity } = runtime.services;
  const startedMs = clock.monotonicMs();
  const { columns, rows, rowCount } = await executor.query(query);
  const timeMs = elapsedMs(clock.monotonicMs() - startedMs);
  return {
    columns,
    rows,
    rowCount,
    position: await pass.tellPosition(),
    node: identity.nodeId,
    role: role.kind,
    lagMs: pass.lagMs,
    timeMs,
  };
}

/** Milliseconds with three digits: what is measured is no finer. */
export function elapsedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
