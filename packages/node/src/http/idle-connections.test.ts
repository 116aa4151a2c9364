import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import fastify from "fastify";
import { systemClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { closeIdleConnections } from "./idle-connections.ts";

/** Long enough for a busy machine to begin with a request. */
const IDLE_MS = 500;
const LARGE = "x".repeat(32 * 1024 * 1024);

async function openServer() {
  const server = fastify({ connectionTimeout: IDLE_MS });
  closeIdleConnections(server, IDLE_MS);
  server.get("/slow", async () => {
    await systemClock.sleep(2 * IDLE_MS);
    return "done";
  });
  server.get("/large", async () => LARGE);
  await server.listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.server.address() as AddressInfo;
  return {
    ask: (path: string) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
      return socket;
    },
    closed: (): Promise<unknown> =>
      new Promise((resolve) =>
        server.server.on("connection", (socket) => void once(socket, "close").then(resolve, resolve)),
      ),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

test("a request that takes longer than a connection may idle is answered", async () => {
  await using server = await openServer();
  let text = "";
  for await (const part of server.ask("/slow")) text += String(part);
  expect(text).toMatch(/^HTTP\/1.1 200 [^]*\r\n\r\ndone$/);
});

test("a reader who stops in the middle of an answer is cut", async () => {
  await using server = await openServer();
  const closed = server.closed();
  const socket = server.ask("/large");
  socket.pause();
  await closed;
  let length = 0;
  for await (const part of socket) length += (part as Buffer).length;
  expect(length).toBeLessThan(LARGE.length);
});
