import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import fastify, { type FastifyReply } from "fastify";
import { systemClock, VirtualClock } from "@understudy/kernel";
import { errorCodeOf } from "@understudy/protocol";
import { expect, test } from "vitest";
import { StreamedAnswer } from "./streamed-answer.ts";

const CHUNK = "x".repeat(64 * 1024);

/** Serves one answer by `task` and gives a connection that has asked for it, and what the task came to. */
async function openAnswer(task: (answer: StreamedAnswer) => Promise<void>, clock: VirtualClock) {
  const server = fastify();
  const outcome = Promise.withResolvers<string>();
  server.get("/", async (_request, reply) => {
    await answerOne(reply);
  });
  const answerOne = async (reply: FastifyReply): Promise<void> => {
    using answer = new StreamedAnswer(reply, { status: 200, headers: { "x-own": "1" }, clock });
    outcome.resolve(
      await task(answer).then(
        () => "done",
        (error: unknown) => errorCodeOf(error),
      ),
    );
  };
  await server.listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  return {
    socket,
    outcome: outcome.promise,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      await server.close();
    },
  };
}

async function endless(answer: StreamedAnswer): Promise<void> {
  for (;;) await answer.write(CHUNK);
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (part: Buffer) => {
    text += part.toString("latin1");
  });
  await once(socket, "close");
  return text;
}

test("a reader who takes nothing is cut after 30 s, one who reads is not", async () => {
  const clock = new VirtualClock();
  const written = { chunks: 0 };
  const count = async (answer: StreamedAnswer): Promise<void> => {
    for (;;) {
      await answer.write(CHUNK);
      written.chunks++;
    }
  };
  await using served = await openAnswer(count, clock);
  served.socket.pause();
  const isStillWriting = async (): Promise<boolean> =>
    (await Promise.race([served.outcome, new Promise((done) => setImmediate(done, "waits"))])) === "waits";
  /** Resolves when the kernel takes no more, for a while in which this process has had its turns. */
  const untilHeldUp = async (): Promise<void> => {
    for (let still = 0, before = -1; still < 10; still = before === written.chunks ? still + 1 : 0) {
      before = written.chunks;
      await systemClock.sleep(10);
    }
  };
  await untilHeldUp();
  await clock.advance(29_999);
  expect(await isStillWriting()).toBe(true);
  const before = written.chunks;
  while (written.chunks === before) {
    served.socket.resume();
    await once(served.socket, "data");
  }
  served.socket.pause();
  await untilHeldUp();
  await clock.advance(29_999);
  expect(await isStillWriting()).toBe(true);
  await clock.advance(1);
  expect(await served.outcome).toBe("node-unreachable");
  served.socket.resume();
  expect(await readAll(served.socket)).not.toMatch(/\r\n0\r\n\r\n$/);
});

test("a reader who goes ends the wait at once", async () => {
  await using served = await openAnswer(endless, new VirtualClock());
  await once(served.socket, "data");
  served.socket.destroy();
  expect(await served.outcome).toBe("node-unreachable");
});

test("what ends in order is whole, what does not is cut short", async () => {
  const clock = new VirtualClock();
  await using whole = await openAnswer(async (answer) => {
    await answer.write("line\n");
    answer.end();
  }, clock);
  whole.socket.end();
  expect(await readAll(whole.socket)).toMatch(/x-own: 1\r\n[^]*line\n\r\n0\r\n\r\n$/);
  await using cut = await openAnswer(async (answer) => await answer.write("line\n"), clock);
  expect(await readAll(cut.socket)).toMatch(/line\n\r\n$/);
});
