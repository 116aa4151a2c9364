import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { answerJson, closedUrl, openStandInNode, type Answerer } from "../test/stand-in-node.ts";
import { createNodeClient } from "./http-node-client.ts";
import type { NodeClientOptions } from "./node-client.ts";

const PING = { status: "ok", nodeId: "a", role: "master" };
const WRITTEN = { affectedRows: 1, position: "1:x" };

async function openPair(answer: Answerer, options: Partial<NodeClientOptions> = {}) {
  const node = await openStandInNode(answer);
  const client = createNodeClient({ url: node.url, ...options });
  return {
    node,
    client,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await node[Symbol.asyncDispose]();
    },
  };
}

test("calls name their path, body, token and user agent", async () => {
  await using pair = await openPair(
    ({ path }, response) =>
      answerJson(response, 200, path === "/ping" ? PING : { columns: [], rows: [[1]], rowCount: 1 }),
    { token: "secret", userAgent: "a-test" },
  );
  expect(await pair.client.ping()).toEqual(PING);
  const answer = await pair.client.query(
    { sql: "SELECT ?", params: [1], rows: "arrays" },
    { headers: { "X-Request-Id": "r-1" } },
  );
  expect(answer.rows).toEqual([[1]]);
  const [ping, query] = pair.node.seen;
  expect(ping).toMatchObject({ method: "GET", path: "/ping" });
  expect(ping?.headers).toMatchObject({ authorization: "Bearer secret", "user-agent": "a-test" });
  expect(query).toMatchObject({ method: "POST", path: "/query" });
  expect(query?.headers).toMatchObject({ "content-type": "application/json", "x-request-id": "r-1" });
  expect(JSON.parse(String(query?.body))).toEqual({ sql: "SELECT ?", params: [1], rows: "arrays" });
});

test("a token that is a function is asked before each request, and a call's own authorization wins", async () => {
  const tokens = ["first", "second", ""];
  await using pair = await openPair((_request, response) => answerJson(response, 200, PING), {
    token: async () => tokens.shift() ?? "unasked",
  });
  for (let call = 0; call < 3; call++) await pair.client.ping();
  await pair.client.ping({ headers: { Authorization: "Bearer other" } });
  const sent = pair.node.seen.map(({ headers }) => headers["authorization"]);
  expect(sent).toEqual(["Bearer first", "Bearer second", undefined, "Bearer other"]);
});

test("calls after one another share connections", async () => {
  await using pair = await openPair((_request, response) => answerJson(response, 200, PING));
  for (let call = 0; call < 20; call++) await pair.client.ping();
  // Two, since undici gives a socket back a moment after its answer has ended.
  expect(Math.max(...pair.node.seen.map((one) => one.connection))).toBeLessThanOrEqual(2);
});

test("names are escaped in paths and ranges go into the query", async () => {
  await using pair = await openPair(({ path }, response) =>
    answerJson(
      response,
      200,
      path.startsWith("/cluster") ? { events: [], next: 7 } : { table: "b", columns: [] },
    ),
  );
  await pair.client.table("a/ü", "b?c");
  expect(await pair.client.events({ after: 7, limit: 10 })).toEqual({ events: [], next: 7 });
  expect(pair.node.seen.map((one) => one.path)).toEqual([
    "/databases/a%2F%C3%BC/tables/b%3Fc",
    "/cluster/events?after=7&limit=10",
  ]);
});

test("a problem becomes an error with its code and details", async () => {
  await using pair = await openPair((_request, response) =>
    answerJson(
      response,
      503,
      {
        type: "t",
        title: "t",
        status: 503,
        code: "no-leader",
        detail: "no master",
        requestId: "r",
        leader: null,
      },
      { "retry-after": "2" },
    ),
  );
  await expect(pair.client.insert({ database: "d", table: "t", record: { a: 1 } })).rejects.toMatchObject({
    name: "UnderstudyError",
    code: "no-leader",
    message: "no master",
    details: { status: 503, requestId: "r", leader: null, retryAfterSeconds: 2 },
  });
});

test("a problem with a code of a later version is internal and keeps the code", async () => {
  await using pair = await openPair((_request, response) =>
    answerJson(response, 418, { code: "teapot", detail: "short and stout" }),
  );
  await expect(pair.client.ping()).rejects.toMatchObject({
    code: "internal",
    message: "short and stout",
    details: { code: "teapot", status: 418 },
  });
});

for (const [name, status, body] of [
  ["a web page", 200, "<html>"],
  ["an error page", 502, "Bad Gateway"],
  ["other JSON", 200, `{"hello":"world"}`],
  ["a JSON error of something else", 404, `{"error":"nope"}`],
  ["a JSON scalar", 200, "1"],
] as const) {
  test(`${name} is not Understudy`, async () => {
    await using pair = await openPair((_request, response) => response.writeHead(status).end(body));
    await expect(pair.client.ping()).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining(
        `${pair.node.url} answered something that is not Understudy`,
      ) as string,
      details: { status },
    });
  });
}

test("what is not HTTP is internal", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9\r\n\r\n"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await using client = createNodeClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  await expect(client.ping()).rejects.toMatchObject({
    code: "internal",
    message: expect.stringContaining("not HTTP") as string,
  });
  server.close();
});

test("a refused connection is node-unreachable for reads and writes, and surely nothing was sent", async () => {
  const url = await closedUrl();
  await using client = createNodeClient({ url });
  const refused = {
    code: "node-unreachable",
    message: `${url} refuses connections`,
    details: { sent: false },
  };
  await expect(client.ping()).rejects.toMatchObject(refused);
  await expect(client.execute({ sql: "DELETE FROM t" })).rejects.toMatchObject(refused);
});

test("a host name that does not exist is node-unreachable", async () => {
  await using client = createNodeClient({ url: "http://no-such-host.invalid:1" });
  await expect(client.execute({ sql: "DO 1" })).rejects.toMatchObject({
    code: "node-unreachable",
    details: { sent: false },
  });
});

test("a write whose connection is cut is write-uncertain and is sent once", async () => {
  await using pair = await openPair((_request, response) => response.socket?.destroy());
  await expect(pair.client.execute({ sql: "DELETE FROM t" })).rejects.toMatchObject({
    code: "write-uncertain",
    details: { sent: true },
  });
  expect(pair.node.seen).toHaveLength(1);
});

test("a write whose answer is cut short is write-uncertain", async () => {
  await using pair = await openPair((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("{", () => response.socket?.destroy());
  });
  await expect(pair.client.execute({ sql: "DELETE FROM t" })).rejects.toMatchObject({
    code: "write-uncertain",
  });
});

test("a write without an answer in time is write-uncertain, a read node-unreachable", async () => {
  await using pair = await openPair(() => undefined);
  const options = { timeoutMs: 500 };
  await expect(pair.client.execute({ sql: "DO 1" }, options)).rejects.toMatchObject({
    code: "write-uncertain",
    message: `${pair.node.url} gave no whole answer within 500 ms`,
  });
  await expect(pair.client.query({ sql: "SELECT 1" }, options)).rejects.toMatchObject({
    code: "node-unreachable",
  });
  await expect(pair.client.ping(options)).rejects.toMatchObject({
    code: "node-unreachable",
    details: { sent: true },
  });
  expect(pair.node.seen).toHaveLength(3);
});

test("a write that times out while it waits for a connection was surely not sent", async () => {
  await using pair = await openPair(() => undefined, { connectionsMax: 1 });
  const first = pair.client.execute({ sql: "one" }, { timeoutMs: 1_000 });
  const second = pair.client.execute({ sql: "two" }, { timeoutMs: 250 });
  await expect(second).rejects.toMatchObject({ code: "node-unreachable", details: { sent: false } });
  await expect(first).rejects.toMatchObject({ code: "write-uncertain" });
  await expect(pair.client.execute({ sql: "three" }, { timeoutMs: 50 })).rejects.toThrow();
  expect(pair.node.seen.map((one) => String(one.body))).not.toContain(`{"sql":"two"}`);
});

test("a read is tried again, once, on a connection of its own when it was cut before an answer", async () => {
  let cuts = 1;
  await using pair = await openPair((_request, response) => {
    if (cuts-- > 0) response.socket?.destroy();
    else answerJson(response, 200, PING);
  });
  expect(await pair.client.ping()).toEqual(PING);
  expect(pair.node.seen.map((one) => one.connection)).toEqual([1, 2]);
  cuts = 2;
  await expect(pair.client.ping()).rejects.toMatchObject({ code: "node-unreachable" });
});

test("connections that the node ended while idle are not used again", async () => {
  await using pair = await openPair((_request, response) => answerJson(response, 200, WRITTEN));
  await pair.client.update({ database: "d", table: "t", set: { a: 1 }, all: true });
  pair.node.cutConnections();
  await pair.client.update({ database: "d", table: "t", set: { a: 2 }, all: true });
  expect(pair.node.seen.map((one) => one.connection)).toEqual([1, 2]);
});

test("the caller's signal ends a call with its reason, before and during", async () => {
  const abort = new AbortController();
  await using pair = await openPair(() => abort.abort(new Error("enough")));
  await expect(pair.client.execute({ sql: "DO 1" }, { signal: abort.signal })).rejects.toThrow("enough");
  await expect(pair.client.ping({ signal: abort.signal })).rejects.toThrow("enough");
  expect(pair.node.seen).toHaveLength(1);
});

test("an answer above the bound ends the call", async () => {
  const rows = Array.from({ length: 100 }, () => "x".repeat(100));
  await using pair = await openPair(
    (_request, response) => answerJson(response, 200, { columns: [], rows, ...WRITTEN }),
    { answerBytesMax: 1_000 },
  );
  await expect(pair.client.query({ sql: "SELECT 1" })).rejects.toMatchObject({ code: "too-many-rows" });
  await expect(pair.client.execute({ sql: "DO 1" })).rejects.toMatchObject({ code: "write-uncertain" });
});

test("what is no header is refused before anything is sent", async () => {
  await using pair = await openPair((_request, response) => answerJson(response, 200, PING));
  const options = { headers: { "x-request-id": "a\nb" } };
  await expect(pair.client.ping(options)).rejects.toMatchObject({ code: "invalid-request" });
  expect(pair.node.seen).toHaveLength(0);
});

for (const url of ["", "127.0.0.1:80", "ftp://a", "http://a/path", "http://a?b", "http://u:p@a"]) {
  test(`"${url}" is no node's URL`, () => {
    expect(() => createNodeClient({ url })).toThrow("not a node's URL");
  });
}

test("disposal lets a call under way end, refuses new ones, and may come twice", async () => {
  const asked = Promise.withResolvers<() => void>();
  await using pair = await openPair((_request, response) =>
    asked.resolve(() => answerJson(response, 200, PING)),
  );
  const ping = pair.client.ping();
  const answer = await asked.promise;
  const disposed = Promise.all([pair.client[Symbol.asyncDispose](), pair.client[Symbol.asyncDispose]()]);
  await expect(pair.client.ping()).rejects.toMatchObject({ code: "node-unreachable" });
  answer();
  expect(await ping).toEqual(PING);
  await disposed;
});
