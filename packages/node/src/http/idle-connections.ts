import type { FastifyInstance, FastifyReply } from "fastify";

/**
 * Closes connections on which nothing moves for `idleMs`, but not those whose request is being worked on: a statement may rightly
 * take longer than any client may be silent. To be used beside the server's own `connectionTimeout` of the same length.
 */
export function closeIdleConnections(server: Pick<FastifyInstance, "addHook">, idleMs: number): void {
  // of the answer, since a request whose body was left unread no longer has its socket; after a cut the answer has none either
  const within = (reply: FastifyReply, ms: number): void => void reply.raw.socket?.setTimeout(ms);
  server.addHook("preHandler", async (_request, reply) => within(reply, 0));
  server.addHook("onSend", async (_request, reply) => within(reply, idleMs));
}
