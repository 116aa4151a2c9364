import type { Logger } from "@understudy/kernel";
import { HEADERS } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";
import { callerOf } from "./caller.ts";

/** Writes down a call that changes the cluster's shape, or was to: who made it, from where, and what became of it. */
export function auditCall(logger: Logger, request: FastifyRequest, status: number): void {
  const { method, routeOptions, params, headers } = request;
  const caller = callerOf(request).name;
  const isDone = status < 400;
  const action = `${method} ${routeOptions.url ?? ""}`;
  const fields = {
    event: "audit",
    action,
    params,
    caller,
    address: request.ip,
    requestId: request.id,
    forwardedBy: headers[HEADERS.forwardedBy] ?? null,
    status,
  };
  logger.info(
    fields,
    `${action} by ${caller ?? "someone without a token"} was ${isDone ? "done" : "refused"}`,
  );
}
