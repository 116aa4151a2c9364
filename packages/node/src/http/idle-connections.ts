import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * Closes connections on which nothing moves for `idleMs`, but not those whose request is being worked on: a statement may rightly
 * take longer than any client may be silent. To be used beside the server's own `connectionTimeout` of the same length.
 */
export function closeIdleConnections(server: Pick<FastifyInstance, "addHook">, idleMs: number): void {
  const within = (request: FastifyRequest, ms: number): void => void request.raw.socket.setTimeout(ms);
  server.addHook("preHandler", async (request) => within(request, 0));
  server.addHook("onSend", async (request) => within(request, idleMs));
}
