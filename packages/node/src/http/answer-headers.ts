import { HEADERS } from "@understudy/protocol";
import type { FastifyReply } from "fastify";
import type { NodeRuntime } from "../node-runtime.ts";

/** Says on every answer who gives it, as what and how fresh. A write sets its own position afterwards. */
export function setAnswerHeaders(reply: FastifyReply, runtime: NodeRuntime): void {
  reply.header(HEADERS.node, runtime.services.identity.nodeId);
  reply.header(HEADERS.requestId, reply.request.id);
  const running = runtime.current();
  if (!running) return;
  const { role } = running;
  const lagMs = role.lagMs();
  reply.header(HEADERS.role, role.kind);
  reply.header(HEADERS.epoch, role.epoch.toString());
  reply.header(HEADERS.position, role.positionText());
  if (lagMs !== null) reply.header(HEADERS.lagMs, String(lagMs));
}
