import { trace } from "@opentelemetry/api";

/** The ids by which a log line finds its trace; empty outside of one, or where no SDK is loaded. */
export function currentTraceIds(): { traceId?: string; spanId?: string } {
  const context = trace.getActiveSpan()?.spanContext();
  return context ? { traceId: context.traceId, spanId: context.spanId } : {};
}
