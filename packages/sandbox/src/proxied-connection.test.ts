import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, it } from "vitest";
import { ProxiedConnection } from "./proxied-connection.ts";

it("closes both sides where it is cut in the very turn in which an end is passed on", async () => {
  await using stack = new AsyncDisposableStack();
  const others: Socket[] = [];
  const server = createServer((socket) => {
    others.push(socket);
    socket.on("error", () => undefined);
  });
  stack.defer(() => {
    server.close();
    for (const socket of others) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [client, target] = [connect({ port, allowHalfOpen: true }), connect({ port, allowHalfOpen: true })];
  await Promise.all([once(client, "connect"), once(target, "connect")]);
  let ends = 0;
  const connection = new ProxiedConnection(client, target, {
    pass: async (chunk) => Promise.resolve(chunk.length),
    onCut: () => undefined,
    onEnd: () => ends++,
  });
  target.end();
  // the end has been handed to the system in the next tick, and is not done before the turn is over
  process.nextTick(() => process.nextTick(() => connection.reset()));
  await connection.ended;
  expect([client.closed, target.closed, ends]).toEqual([true, true, 1]);
});
