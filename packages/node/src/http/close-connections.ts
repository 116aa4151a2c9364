import type { HttpServer } from "./create-server.ts";

/**
 * Has connections end when the server closes: those that carry a request then, once it is answered. A kept-alive one would otherwise
 * stay open for as long as its client likes, and the server with it.
 */
export function closeConnectionsAtEnd(server: HttpServer): void {
  let isClosing = false;
  server.addHook("preClose", async () => {
    isClosing = true;
  });
  server.addHook("onSend", async (_request, reply) => {
    if (isClosing) reply.header("connection", "close");
  });
  // an answer that had begun before could not say so any more
  server.addHook("onResponse", async () => {
    if (isClosing) setImmediate(() => server.server.closeIdleConnections());
  });
}
