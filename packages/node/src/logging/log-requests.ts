import { HEADERS } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isClientWork } from "../http/add-admission.ts";
import type { HttpServer } from "../http/create-server.ts";
import { isPassedOn } from "../http/at-master.ts";
import { requestOutcome } from "../http/request-outcome.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { idsOf } from "../tracing/in-span.ts";
import { requestSpan } from "../tracing/request-span.ts";

/** As `idempotency-key` may be; anything else is not worth a place in the log. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * One line for each request when its answer is out, or its connection gone: `request` at debug, and `slow-request` at info for a client's
 * request that took longer than configured. The lines of a request that was passed on have the same `requestId` on both nodes.
 */
export function logRequests(server: HttpServer, { services }: NodeRuntime): void {
  const { clock, logger, config } = services;
  server.addHook("onRequest", (request, reply, done) => {
    noteIds(request);
    const startedMs = clock.monotonicMs();
    reply.raw.once("close", () => {
      const tookMs = Math.round((clock.monotonicMs() - startedMs) * 10) / 10;
      const isSlow =
        config.slowRequestMs > 0 &&
        tookMs > config.slowRequestMs &&
        isClientWork(request.method, request.routeOptions.url);
      // the line of a request that is not slow is for debugging, and would be made for nothing with each request
      if (!isSlow && logger.isLevelEnabled?.("debug") === false) return;
      const fields = { ...fieldsOf(request, reply), tookMs };
      const sentence = `${request.method} ${fields.route}: ${fields.status} after ${tookMs} ms`;
      if (isSlow) logger.info({ event: "slow-request", ...fields }, sentence);
      else logger.debug({ event: "request", ...fields }, sentence);
    });
    done();
  });
}

/** Those that stand in the request itself. */
function noteIds(request: FastifyRequest): void {
  const outcome = requestOutcome(request);
  const key = request.headers[HEADERS.idempotencyKey];
  if (typeof key === "string" && KEY.test(key)) outcome.idempotencyKey = key;
  const route = request.routeOptions.url ?? "";
  const { params } = request;
  if (!route.startsWith("/transactions/:id") || typeof params !== "object" || params === null) return;
  const id: unknown = Reflect.get(params, "id");
  if (typeof id === "string") outcome.transactionId = id;
}

function fieldsOf(request: FastifyRequest, reply: FastifyReply) {
  const { code, idempotencyKey, transactionId, isForwarded } = requestOutcome(request);
  return {
    requestId: request.id,
    ...idsOf(requestSpan(request)),
    method: request.method,
    route: request.routeOptions.url ?? "none",
    status: reply.raw.statusCode,
    ...(code === null ? {} : { code }),
    ...(idempotencyKey === null ? {} : { idempotencyKey }),
    ...(transactionId === null ? {} : { transactionId }),
    ...(isForwarded ? { forwarded: true } : {}),
    ...(isPassedOn(request) ? { forwardedBy: request.headers[HEADERS.forwardedBy] } : {}),
    ...(reply.raw.writableFinished ? {} : { cut: true }),
  };
}
