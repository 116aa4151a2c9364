import { createTraceState, isSpanContextValid, type SpanContext } from "@opentelemetry/api";

/** W3C Trace Context, level 1: https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const VERSION_FORBIDDEN = "ff";
/** What has to be passed on at least; longer ones are dropped. */
const TRACESTATE_LENGTH_MAX = 512;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The trace that a request belongs to; null where it names none, or not as the standard wants it. */
export function traceOf({ traceparent, tracestate }: Headers): SpanContext | null {
  if (typeof traceparent !== "string") return null;
  const [, version, traceId = "", spanId = "", flags = "", more] = TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === VERSION_FORBIDDEN) return null;
  // only versions that this one does not know may have more parts
  if (version === "00" && more !== undefined) return null;
  const isShort = typeof tracestate === "string" && tracestate.length <= TRACESTATE_LENGTH_MAX;
  const trace: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(isShort && tracestate !== "" ? { traceState: createTraceState(tracestate) } : {}),
  };
  return isSpanContextValid(trace) ? trace : null;
}

/** The headers by which a request goes on in a trace; none outside of one. */
export function traceHeadersOf(trace: SpanContext | null | undefined): Record<string, string> {
  if (!trace || !isSpanContextValid(trace)) return {};
  const flags = (trace.traceFlags & 0xff).toString(16).padStart(2, "0");
  const state = trace.traceState?.serialize() ?? "";
  return {
    traceparent: `00-${trace.traceId}-${trace.spanId}-${flags}`,
    ...(state === "" ? {} : { tracestate: state }),
  };
}
