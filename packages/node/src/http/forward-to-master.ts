import { SpanKind } from "@opentelemetry/api";
import type { ForwardAnswer, ForwardReadRequest, ForwardRequest } from "@understudy/client";
import { isCodedError } from "@understudy/kernel";
import { errorCodeOf, HEADERS, UnderstudyError } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { NodeRuntime } from "../node-runtime.ts";
import type { SlaveRole } from "../roles/slave-role.ts";
import { NOT_TAKEN } from "./at-master.ts";
import { NotTakenError } from "./not-taken-error.ts";
import { problemCodeOf } from "./problem-code.ts";
import { inSpan } from "../tracing/in-span.ts";
import { requestSpan } from "../tracing/request-span.ts";
import { traceHeadersOf } from "../tracing/trace-headers.ts";
import { requestOutcome } from "./request-outcome.ts";
import { whileConnected } from "./while-connected.ts";

/** A request that this node leaves to the master. */
export interface Forwarding {
  readonly role: SlaveRole;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** A read whose answer is lost may be sent again, a write not. */
  readonly effect: "read" | "write";
  /** Headers of this node's own making, by their lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How it is sent; left out: once. */
  readonly send?: (request: ForwardRequest, signal: AbortSignal) => Promise<ForwardAnswer>;
}

/** Headers that go on with a forwarded request. */
const FORWARDED_HEADERS = ["accept", "authorization", HEADERS.idempotencyKey] as const;

/**
 * Passes a request on to the master as it is, and its answer back as it is. Throws `forward-loop` for one that was passed on
 * already, `no-leader` where it surely did not reach a master; else `node-unreachable` for a read, `write-uncertain` for a write.
 */
export async function forwardToMaster(runtime: NodeRuntime, forwarding: Forwarding): Promise<FastifyReply> {
  const { role, request, reply } = forwarding;
  const { nodeId } = runtime.services.identity;
  // the master goes on with a write whose client has gone; only the wait for its answer ends
  const send = forwarding.send ?? ((sent, signal) => role.link.forward(sent, signal));
  const answer = await countForward(runtime, forwarding, (forwarded) =>
    whileConnected(request, (signal) => send(forwarded, signal)).catch((error: unknown) => {
      throw asOf(forwarding.effect, error);
    }),
  );
  refuseNotTaken(answer);
  requestOutcome(request).code = problemCodeOf(answer);
  return passOn(answer, nodeId, reply);
}

/**
 * Passes a request on by `forward`, which gets it as it goes on: in the caller's trace, and under the same id. Counts how that went.
 * Throws `forward-loop`, and what `forward` does.
 */
export async function countForward<T>(
  { services }: NodeRuntime,
  forwarding: Forwarding,
  forward: (forwarded: ForwardReadRequest) => Promise<T>,
): Promise<T> {
  const { request, effect } = forwarding;
  const { nodeId } = services.identity;
  requestOutcome(request).isForwarded = true;
  const name = `forward ${request.method} ${request.routeOptions.url ?? ""}`;
  const parent = requestSpan(request);
  try {
    const answer = await inSpan(name, { kind: SpanKind.CLIENT, parent }, (span) =>
      forward(forwardedRequestOf(nodeId, forwarding, traceHeadersOf(span.spanContext()))),
    );
    services.metrics.count("understudy_forwarded_requests_total", { effect, result: "answered" });
    return answer;
  } catch (error) {
    services.metrics.count("understudy_forwarded_requests_total", { effect, result: errorCodeOf(error) });
    throw error;
  }
}

/** A node that is not the master any more, or not yet, is no last word: see `atMaster`. */
function refuseNotTaken(answer: ForwardAnswer): void {
  const code = problemCodeOf(answer);
  if (code === null || !NOT_TAKEN.has(code)) return;
  // for its sender it is no loop: the next try may well find the master
  throw new NotTakenError(
    code === "forward-loop" ? "no-leader" : code,
    "the node that this one takes for the master is not ready to lead",
  );
}

/** The request as it goes on. Throws `forward-loop`. */
function forwardedRequestOf(
  nodeId: string,
  forwarding: Forwarding,
  traceHeaders: Readonly<Record<string, string>>,
): ForwardReadRequest {
  const { request } = forwarding;
  refuseLoop(nodeId, forwarding);
  const headers: Record<string, string> = {
    [HEADERS.requestId]: request.id,
    [HEADERS.forwardedBy]: nodeId,
    ...traceHeaders,
  };
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  Object.assign(headers, forwarding.headers);
  const hasBody = request.body !== undefined && request.body !== null;
  if (hasBody) headers["content-type"] = "application/json";
  const body = hasBody ? JSON.stringify(request.body) : undefined;
  return { method: request.method, path: request.url, headers, body };
}

/** The headers of the master's answer that go on: CORS is every node's own. */
export function forwardedAnswerHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith("access-control-") && name !== "vary"),
  );
}

/** A read has no outcome that could be unknown. */
function asOf(effect: Forwarding["effect"], error: unknown): unknown {
  if (effect === "write" || !isCodedError(error, "write-uncertain")) return error;
  return new UnderstudyError("node-unreachable", "the connection to the master broke before it answered", {
    cause: error,
  });
}

function refuseLoop(nodeId: string, { role, request, effect }: Forwarding): void {
  const before = request.headers[HEADERS.forwardedBy];
  if (before === undefined) return;
  throw new UnderstudyError(
    "forward-loop",
    `${String(before)} forwarded this ${effect} to ${nodeId}, which is not the master either`,
    { details: { leader: role.view().leader?.url ?? null } },
  );
}

function passOn(answer: ForwardAnswer, nodeId: string, reply: FastifyReply): FastifyReply {
  reply.headers(forwardedAnswerHeaders(answer.headers));
  return reply.header(HEADERS.forwardedBy, nodeId).status(answer.status).send(answer.body);
}
