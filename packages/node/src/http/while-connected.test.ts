import { EventEmitter } from "node:events";
import { orAbort } from "@understudy/kernel";
import type { FastifyRequest } from "fastify";
import { expect, it } from "vitest";
import { whileConnected } from "./while-connected.ts";

function requestOn(socket: EventEmitter): FastifyRequest {
  return { raw: { socket } } as unknown as FastifyRequest;
}

it("gives a task up when its caller goes, and says so", async () => {
  const socket = new EventEmitter();
  const result = whileConnected(requestOn(socket), (signal) =>
    orAbort(new Promise<never>(() => undefined), signal),
  );
  socket.emit("close");
  await expect(result).rejects.toMatchObject({ code: "node-unreachable" });
});

it("leaves no listener on a connection that is kept for more requests", async () => {
  const socket = new EventEmitter();
  expect(await whileConnected(requestOn(socket), async () => 7)).toBe(7);
  await expect(
    whileConnected(requestOn(socket), async () => {
      throw new Error("its own failure");
    }),
  ).rejects.toThrow("its own failure");
  expect(socket.listenerCount("close")).toBe(0);
});
