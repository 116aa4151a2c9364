import { trace, type SpanContext } from "@opentelemetry/api";
import { HEADERS } from "@understudy/protocol";
import { AsyncLocalStorage } from "node:async_hooks";
import { newRequestId } from "../http/request-id.ts";
import { traceHeadersOf } from "./trace-headers.ts";

/** The request for which something is done. */
export interface Cause {
  readonly requestId: string;
  /** The trace that it belongs to; null where it names none. */
  readonly trace: SpanContext | null;
}

const causes = new AsyncLocalStorage<Cause>();

/** Runs `task`, and all that it begins, on behalf of a request. Background loops are on nobody's behalf, whoever begins them. */
export function inCause<T>(cause: Cause, task: () => T): T {
  return causes.run(cause, task);
}

/** On whose behalf this runs; null on the node's own. */
export function currentCause(): Cause | null {
  return causes.getStore() ?? null;
}

/**
 * What goes along with each call of this node on another: the id and the trace of the request that causes it. Of what the node does by
 * itself the id begins with the node's, so that the other's log tells who asked, and there is a trace only within a span.
 */
export function causeHeaders(nodeId: string): Record<string, string> {
  const cause = currentCause();
  const span = trace.getActiveSpan()?.spanContext();
  return {
    [HEADERS.requestId]: cause?.requestId ?? `${nodeId}:${newRequestId()}`,
    ...traceHeadersOf(span ?? cause?.trace),
  };
}
