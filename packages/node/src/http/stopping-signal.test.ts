import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import { expect, test } from "vitest";
import { startingNode } from "../starting-node.ts";
import { createServer } from "./create-server.ts";

test("a request that comes while the server closes is refused with a code of ours, and what is under way ends", async () => {
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
  const open = (): { readonly socket: Socket; readonly text: () => string } => {
    const socket = connect({ port, host: "127.0.0.1" });
    let text = "";
    socket.on("data", (part) => (text += String(part)));
    return { socket, text: () => text };
  };

  // half a request keeps its connection from being closed as an idle one
  const accepted = once(server.server, "connection") as Promise<[Socket]>;
  const late = open();
  late.socket.write("GET /ping HTTP/1.1\r\n");
  const [lateAtServer] = await accepted;
  await expect.poll(() => lateAtServer.bytesRead).toBeGreaterThan(0);
  const slow = open();
  slow.socket.write("GET /slow HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await begun.promise;

  const closed = server.close();
  await closing.promise;
  const lateClosed = once(late.socket, "close");
  late.socket.write("host: 127.0.0.1\r\n\r\n");
  await lateClosed;
  expect(late.text()).toMatch(/^HTTP\/1.1 503 [^]*connection: close[^]*"code":"starting"/);

  const slowClosed = once(slow.socket, "close");
  end.resolve("done");
  await Promise.all([closed, slowClosed]);
  expect(slow.text()).toMatch(/^HTTP\/1.1 200 [^]*done$/);
});
