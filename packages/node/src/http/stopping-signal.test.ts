import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { startingNode } from "../starting-node.ts";
import { createServer } from "./create-server.ts";

test("a request that comes while the server closes is refused with a code of ours", async () => {
  const server = await createServer(startingNode());
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<string>();
  server.get("/slow", () => {
    begun.resolve();
    return end.promise;
  });
  const closing = Promise.withResolvers<void>();
  // after the server's own, so that it has begun to refuse
  server.addHook("preClose", async () => closing.resolve());
  await server.listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  socket.on("data", (part) => (text += String(part)));
  socket.write("GET /slow HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await begun.promise;
  const closed = server.close();
  await closing.promise;
  socket.write("GET /ping HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await once(server.server, "request");
  end.resolve("done");
  await Promise.all([closed, once(socket, "close")]);
  expect(text).toMatch(/^HTTP\/1.1 200 [^]*HTTP\/1.1 503 [^]*connection: close[^]*"code":"starting"/);
});
