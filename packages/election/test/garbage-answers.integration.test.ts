import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { openTestEtcd } from "@understudy/etcd-server";
import { openTestStore, put, SLOW_MS, startWatch, unbounded } from "./test-store.ts";

const GARBAGE: Readonly<Record<string, RequestListener>> = {
  html: (_request, response) => void response.end("<html>It works!</html>"),
  "status 500": (_request, response) => void response.writeHead(500).end("oh"),
  "status 500 with JSON": (_request, response) => void response.writeHead(500).end("{}"),
  "half JSON": (_request, response) => void response.end('{"header":{"revi'),
  "JSON of something else": (_request, response) =>
    void response.end('{"header":{"revision":"x"},"result":[]}'),
  "no object": (_request, response) => void response.end("[1]"),
  nothing: (request) => void request.socket.destroy(),
  "an answer that is cut": (_request, response) => {
    response.writeHead(200, { "content-length": 100 }).write('{"header":');
    setImmediate(() => response.destroy());
  },
  silence: () => undefined,
};

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }
});

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers the store's opening as etcd does, and then with `answer`. */
async function listenAfterOpening(answer: RequestListener): Promise<string> {
  let isOpened = false;
  return listen((request, response) => {
    if (isOpened) return answer(request, response);
    isOpened = true;
    response.end('{"header":{"revision":"1"}}');
  });
}

test.for(Object.keys(GARBAGE))("%s is no answer of etcd's", async (kind) => {
  const answer = GARBAGE[kind] ?? expect.unreachable();
  const url = await listenAfterOpening(answer);
  await using store = await openTestStore([url], { requestTimeoutMs: 1_000 });
  const told: (readonly string[])[] = [];
  const abort = new AbortController();
  const watch = store.watch((keys) => void told.push(keys), abort);
  const calls = [
    store.read(unbounded),
    store.grantLease(1_000, unbounded),
    store.keepAlive("1", unbounded),
    store.revokeLease("1", unbounded),
    store.change({ conditions: [], writes: [] }, unbounded),
  ];
  for (const call of await Promise.allSettled(calls)) {
    const message = expect.stringContaining(`etcd at ${url} `);
    expect(call).toMatchObject({ status: "rejected", reason: { code: "coordination-unavailable", message } });
  }
  abort.abort();
  await watch;
  expect(told).toEqual([]);
});

test("disposal does not wait for who is silent, and leaves no connection open", async () => {
  const asked = new Set<string | undefined>();
  const url = await listenAfterOpening((request) => void asked.add(request.url));
  const store = await openTestStore([url], { requestTimeoutMs: 600_000, watchIdleMs: 600_000 });
  const [server] = servers;
  const connections = promisify((done: (error: Error | null, count: number) => void) =>
    server?.getConnections(done),
  );
  const rejected = { code: "coordination-unavailable", message: "the etcd store is closed" };
  const calls = [
    store.watch(() => expect.unreachable(), unbounded),
    expect(store.read(unbounded)).rejects.toMatchObject(rejected),
    expect(store.change({ conditions: [], writes: [] }, unbounded)).rejects.toMatchObject(rejected),
  ];
  await expect.poll(() => asked.size, { timeout: SLOW_MS }).toBe(3);
  await store[Symbol.asyncDispose]();
  await Promise.all(calls);
  await expect.poll(() => connections(), { timeout: SLOW_MS }).toBe(0);
});

test("an answer beyond the limit is refused", async () => {
  const url = await listenAfterOpening((_request, response) => void response.end("x".repeat(5_000)));
  await using store = await openTestStore([url], { answerBytesMax: 4_000 });
  await expect(store.read(unbounded)).rejects.toMatchObject({
    code: "coordination-unavailable",
    message: expect.stringContaining("more than 4000 bytes"),
  });
});

test("an endpoint that answers garbage is passed over: by reads at once, by changes from then on", async () => {
  await using etcd = await openTestEtcd();
  let changes = 0;
  const bad = await listen((request, response) => {
    if (request.url === "/v3/kv/txn") changes++;
    response.end("garbage");
  });
  await using store = await openTestStore(`${bad},${etcd.urls}`);
  await using watch = await startWatch(store);
  for (let round = 0; round < 20; round++) {
    await store.read(unbounded);
    await put(store, "a", String(round));
  }
  expect(changes).toBe(0);
  await expect.poll(() => watch.keys(), { timeout: SLOW_MS }).toEqual(new Set(["a"]));
});

test("a change whose answer is lost is not sent again; one that was never sent is", async () => {
  await using etcd = await openTestEtcd();
  const bad = await listenAfterOpening((request) => void request.socket.destroy());
  await using store = await openTestStore(`${bad},${etcd.urls}`);
  const put1 = { kind: "put", key: "a", value: "1" } as const;
  const [first, second] = [await attempt(), await attempt()];
  expect([first, second].filter((one) => one === "lost")).toHaveLength(1);

  async function attempt(): Promise<string> {
    const change = store.change({ conditions: [], writes: [put1] }, unbounded);
    return change.then(
      () => "made",
      (error: { code: string; details: object }) => {
        expect(error).toMatchObject({ code: "coordination-unavailable", details: { isUndone: false } });
        return "lost";
      },
    );
  }
  const closed = await listen(() => undefined);
  await closeLast();
  await using other = await openTestStore(`${closed},${etcd.urls}`);
  for (let round = 0; round < 5; round++) await put(other, "b", String(round));
});

async function closeLast(): Promise<void> {
  const server = servers.pop();
  if (!server) return;
  const closed = once(server, "close");
  server.close();
  await closed;
}

test("what can't be a store's settings is refused before anything is asked, all at once", async () => {
  const open = openTestStore(["etcd:2379", "http://a:1/v3", "http://b:1", "http://b:1"], {
    prefix: "/understudy",
    login: { user: "", password: "secret" },
    tls: { ca: "no PEM", cert: "x" },
    requestTimeoutMs: 0,
  });
  const error: unknown = await open.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "config-invalid" });
  for (const part of [
    `not an etcd URL: "etcd:2379"`,
    `not an etcd URL: "http://a:1/v3"`,
    "http://b:1 is given twice",
    "prefix must end with",
    "user name is empty",
    "must be given together",
    "none of its URLs is https",
    "requestTimeoutMs must be above 0",
  ]) {
    expect(String(error)).toContain(part);
  }
  expect(String(error)).not.toContain("secret");
  await expect(openTestStore([])).rejects.toMatchObject({ code: "config-invalid" });
});
