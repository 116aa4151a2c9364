import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { DeadlinePassed, orAbort, systemClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { EtcdEndpoint } from "../src/etcd/etcd-endpoint.ts";
import { EtcdLogin } from "../src/etcd/etcd-login.ts";
import { SLOW_MS, unbounded } from "./test-store.ts";

/** A member that is so busy that it answers only when it is told to. */
async function openBusyMember(): Promise<
  AsyncDisposable & { readonly url: string; readonly asked: readonly IncomingMessage[]; answer(): void }
> {
  const asked: IncomingMessage[] = [];
  const answers: (() => void)[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answers.push(() => response.end(JSON.stringify({ token: `token ${asked.length}` })));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    answer: () => answers.forEach((answer) => answer()),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

test("a log-in goes on when those who wait for it give up, is one for all, and serves the next", async () => {
  await using member = await openBusyMember();
  const { url } = member;
  await using stack = new AsyncDisposableStack();
  const endpoint = new EtcdEndpoint({ url, tls: undefined, connectTimeoutMs: SLOW_MS, answerBytesMax: 1000 });
  stack.defer(() => endpoint.destroy());
  using login = new EtcdLogin({ user: "node", password: "x" }, systemClock);
  const givingUp = new AbortController();
  const waiting = [0, 1, 2].map(() => login.token(endpoint, givingUp.signal));
  const given = Promise.allSettled(waiting);
  await expect.poll(() => member.asked.length, { timeout: SLOW_MS }).toBe(1);
  givingUp.abort(new DeadlinePassed(1));
  for (const result of await given) {
    expect(result).toMatchObject({ status: "rejected", reason: { kind: "unreachable", isUndone: true } });
  }
  const next = login.token(endpoint, unbounded.signal);
  member.answer();
  expect(await orAbort(next, AbortSignal.timeout(SLOW_MS))).toBe("token 1");
  expect(await login.token(endpoint, unbounded.signal)).toBe("token 1");
  expect(member.asked).toHaveLength(1);
});
