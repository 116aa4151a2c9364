import type { QueryAnswer } from "@understudy/protocol";
import type { QueryOptions } from "@understudy/sql-executor";
import type { FastifyRequest } from "fastify";
import { executorFor } from "../access/client-executor.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { PassHere } from "../reads/answer-read.ts";

/** Runs a query on this node's own data, after the read's gate. */
export async function answerQuery(
  runtime: NodeRuntime,
  pass: PassHere,
  { request, query }: { readonly request: FastifyRequest; readonly query: QueryOptions },
): Promise<QueryAnswer> {
  const { executor: own, role } = runtime.running();
  const executor = executorFor(request, own);
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
