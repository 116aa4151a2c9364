import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import { messageOf } from "@understudy/kernel";
import { errorCodeOf } from "@understudy/protocol";
import { VERSION } from "../version.ts";

/** A part of a request's work. */
export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Below which it stands; left out: the one that is active. `none`: it begins a trace of its own. */
  readonly parent?: Span | null | "none" | undefined;
}

/** Of whatever OpenTelemetry SDK is loaded into the process; without one, all of it does nothing. */
export function tracer(): Tracer {
  return trace.getTracer("understudy", VERSION);
}

/** Runs `task` in a span of its own, which tells how it ended. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  task: (span: Span) => Promise<T>,
): Promise<T> {
  const { kind = SpanKind.INTERNAL, attributes = {}, parent } = options;
  const around =
    parent === "none" ? ROOT_CONTEXT : parent ? trace.setSpan(context.active(), parent) : context.active();
  const span = tracer().startSpan(name, { kind, attributes }, around);
  try {
    return await context.with(trace.setSpan(around, span), () => task(span));
  } catch (error) {
    noteFailure(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Marks a span as failed, with the error's code, which is what people should look for. */
function noteFailure(span: Span, error: unknown): void {
  span.setAttribute("error.type", errorCodeOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
}

/** The ids by which a log line finds its trace; empty outside of one, or where no SDK is loaded. */
export function currentTraceIds(): { readonly traceId?: string; readonly spanId?: string } {
  return idsOf(trace.getActiveSpan());
}

/** The ids of a span, as log lines have them; empty where it belongs to no trace. */
export function idsOf(span: Span | null | undefined): {
  readonly traceId?: string;
  readonly spanId?: string;
} {
  const own = span?.spanContext();
  if (!own || !trace.isSpanContextValid(own)) return {};
  return { traceId: own.traceId, spanId: own.spanId };
}
