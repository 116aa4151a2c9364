import { HEADERS } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";
import { requestSpan } from "../tracing/request-span.ts";
import { traceHeadersOf } from "../tracing/trace-headers.ts";

/**
 * What goes along when a node asks another on a client's behalf: the client's own authorization, so that its rights count there too,
 * and by what both nodes' logs and traces are told to belong together.
 */
export function onBehalfOf(request: FastifyRequest): Record<string, string> {
  const { authorization } = request.headers;
  return {
    [HEADERS.requestId]: request.id,
    ...traceHeadersOf(requestSpan(request)?.spanContext()),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
