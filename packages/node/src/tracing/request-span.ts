import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span } from "@opentelemetry/api";
import { HEADERS } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isClientWork } from "../http/add-admission.ts";
import type { HttpServer } from "../http/create-server.ts";
import { requestOutcome } from "../http/request-outcome.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { inCause, type Cause } from "./cause.ts";
import { tracer } from "./in-span.ts";
import { traceOf } from "./trace-headers.ts";

const causes = new WeakMap<FastifyRequest, Cause>();
const spans = new WeakMap<FastifyRequest, Span>();

/** The span of a request; null for one that is not traced, such as a probe. */
export function requestSpan(request: FastifyRequest): Span | null {
  return spans.get(request) ?? null;
}

/**
 * Puts every request of clients, and every other one that belongs to a trace, into a span, and its work into that span's context. What
 * any request makes this node ask of others is on its behalf. To be added before what is to be part of it.
 */
export function addRequestSpans(server: HttpServer, runtime: NodeRuntime): void {
  server.addHook("onRequest", (request, reply, done) => {
    const caller = traceOf(request.headers);
    const cause = { requestId: request.id, trace: caller };
    causes.set(request, cause);
    if (!caller && !isClientWork(request.method, request.routeOptions.url)) {
      inCause(cause, done);
      return;
    }
    const parent = caller ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT;
    const span = begin(request, { runtime, parent });
    spans.set(request, span);
    reply.raw.once("close", () => end(span, { request, reply, runtime }));
    inCause(cause, () => context.with(trace.setSpan(parent, span), done));
  });
  // what reads the body goes on in the connection's own context
  server.addHook("preValidation", (request, _reply, done) => {
    const span = requestSpan(request);
    const cause = causes.get(request);
    const goOn = (): void => (span ? context.with(trace.setSpan(ROOT_CONTEXT, span), done) : done());
    if (cause) inCause(cause, goOn);
    else goOn();
  });
}

function begin(
  request: FastifyRequest,
  { runtime, parent }: { readonly runtime: NodeRuntime; readonly parent: typeof ROOT_CONTEXT },
): Span {
  const { method } = request;
  const route = request.routeOptions.url ?? "none";
  const attributes = {
    "http.request.method": method,
    "http.route": route,
    "url.path": request.url.split("?")[0] ?? "",
    "understudy.node_id": runtime.services.identity.nodeId,
    "understudy.request_id": request.id,
  };
  return tracer().startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
}

function end(
  span: Span,
  {
    request,
    reply,
    runtime,
  }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly runtime: NodeRuntime },
): void {
  const { code, idempotencyKey, transactionId } = requestOutcome(request);
  const role = runtime.current()?.role.kind;
  span.setAttribute("http.response.status_code", reply.raw.statusCode);
  if (role) span.setAttribute("understudy.role", role);
  if (idempotencyKey !== null) span.setAttribute("understudy.idempotency_key", idempotencyKey);
  if (transactionId !== null) span.setAttribute("understudy.transaction_id", transactionId);
  const forwardedBy = request.headers[HEADERS.forwardedBy];
  if (typeof forwardedBy === "string") span.setAttribute("understudy.forwarded_by", forwardedBy);
  if (code !== null) span.setAttribute("error.type", code);
  if (reply.raw.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
