import events from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { BINLOG_MEDIA_TYPE, UnderstudyError } from "@understudy/protocol";
import { expect, test } from "vitest";
import { answerJson, closedUrl, openStandInNode } from "../test/stand-in-node.ts";
import { createNodeClient } from "./http-node-client.ts";

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    await new Promise((resolve) => setImmediate(resolve));
    yield Buffer.alloc(1_000, index);
  }
}

test("a batch goes with its headers, streamed or whole", async () => {
  await using node = await openStandInNode((_request, response) =>
    answerJson(response, 200, { position: "a:1-2", applied: 2 }),
  );
  await using client = createNodeClient({ url: node.url });
  const headers = { "x-understudy-epoch": "7" };
  expect(await client.deliver({ headers, body: chunks(300) })).toEqual({ position: "a:1-2", applied: 2 });
  await client.deliver({ headers, body: Buffer.from("abc") });
  const [unknown, known] = node.seen;
  expect(unknown?.headers).toMatchObject({ "content-type": BINLOG_MEDIA_TYPE, "x-understudy-epoch": "7" });
  expect(unknown?.headers["transfer-encoding"]).toBe("chunked");
  expect(unknown?.body).toHaveLength(300_000);
  expect(unknown?.body[299_999]).toBe(299 % 256);
  expect(known?.headers["content-length"]).toBe("3");
  expect(String(known?.body)).toBe("abc");
});

test("a refused batch tells the node's own position", async () => {
  await using node = await openStandInNode((_request, response) =>
    answerJson(response, 409, { code: "position-mismatch", detail: "elsewhere", position: "a:1-5" }),
  );
  await using client = createNodeClient({ url: node.url });
  await expect(client.deliver({ headers: {}, body: chunks(1) })).rejects.toMatchObject({
    code: "position-mismatch",
    details: { position: "a:1-5" },
  });
});

test("an answer that comes before the batch is all sent is heard, and the reader is closed", async () => {
  const server = createServer((_request, response) => {
    answerJson(response, 409, { code: "epoch-stale", detail: "step down", epoch: "9" });
  }).listen(0, "127.0.0.1");
  await events.once(server, "listening");
  await using client = createNodeClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  const closed = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield* chunks(10);
    } finally {
      closed.resolve();
    }
  }
  await expect(client.deliver({ headers: {}, body: endless() })).rejects.toMatchObject({
    code: "epoch-stale",
    details: { epoch: "9" },
  });
  await closed.promise;
  server.close();
});

test("a batch whose ack is lost is node-unreachable, since it can be sent again", async () => {
  await using node = await openStandInNode((_request, response) => response.socket?.destroy());
  await using client = createNodeClient({ url: node.url });
  await expect(client.deliver({ headers: {}, body: chunks(1) })).rejects.toMatchObject({
    code: "node-unreachable",
  });
});

test("an error of the batch's own reader comes through as it is", async () => {
  await using node = await openStandInNode((_request, response) => answerJson(response, 200, {}));
  await using client = createNodeClient({ url: node.url });
  async function* torn(): AsyncGenerator<Uint8Array> {
    yield* chunks(2);
    throw new UnderstudyError("binlog-corrupt", "bad checksum");
  }
  await expect(client.deliver({ headers: {}, body: torn() })).rejects.toMatchObject({
    code: "binlog-corrupt",
  });
});

test("a batch that is aborted closes its reader", async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield* chunks(1);
    } finally {
      isClosed = true;
    }
  }
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const abort = new AbortController();
  await using node = await openStandInNode(() => undefined);
  await using client = createNodeClient({ url: node.url });
  const body = (async function* () {
    let sent = 0;
    try {
      for await (const chunk of endless()) {
        if (++sent === 5) abort.abort(new Error("enough"));
        yield chunk;
      }
    } finally {
      resolve();
    }
  })();
  await expect(client.deliver({ headers: {}, body }, { signal: abort.signal })).rejects.toThrow("enough");
  await closed;
  expect(isClosed).toBe(true);
});

test("a request without authorization is not passed on under the client's own token", async () => {
  await using node = await openStandInNode((_request, response) => response.writeHead(401).end());
  await using client = createNodeClient({ url: node.url, token: "ours" });
  await client.forward({ method: "POST", path: "/insert", headers: {}, body: "{}" });
  expect(node.seen[0]?.headers).not.toHaveProperty("authorization");
});

test("a request is passed on as it is, and the answer comes back as it is", async () => {
  await using node = await openStandInNode((_request, response) =>
    response
      .writeHead(409, {
        "content-type": "application/problem+json",
        "x-understudy-node": "m",
        connection: "close",
      })
      .end(Buffer.from([0, 255, 1])),
  );
  await using client = createNodeClient({ url: node.url, token: "ours" });
  const answer = await client.forward({
    method: "POST",
    path: "/insert?x=1",
    headers: {
      host: "elsewhere",
      connection: "keep-alive, x-hop",
      "x-hop": "1",
      expect: "100-continue",
      "transfer-encoding": "chunked",
      "content-length": "999",
      authorization: "Bearer theirs",
      "idempotency-key": "k",
      "content-type": "application/json",
    },
    body: "{}",
  });
  expect(answer).toMatchObject({ status: 409, body: Buffer.from([0, 255, 1]) });
  expect(answer.headers).toMatchObject({
    "content-type": "application/problem+json",
    "x-understudy-node": "m",
  });
  expect(answer.headers).not.toHaveProperty("connection");
  const [seen] = node.seen;
  expect(seen).toMatchObject({ method: "POST", path: "/insert?x=1" });
  expect(String(seen?.body)).toBe("{}");
  expect(seen?.headers).toMatchObject({
    host: new URL(node.url).host,
    authorization: "Bearer theirs",
    "idempotency-key": "k",
    "content-length": "2",
  });
  expect(seen?.headers).not.toHaveProperty("x-hop");
});

test("forwarding to a node that is not there is no-leader; a lost answer is write-uncertain", async () => {
  const request = { method: "POST", path: "/insert", headers: {}, body: "{}" };
  await using nobody = createNodeClient({ url: await closedUrl() });
  await expect(nobody.forward(request)).rejects.toMatchObject({
    code: "no-leader",
    details: { sent: false },
  });
  await using node = await openStandInNode((_request, response) => response.socket?.destroy());
  await using client = createNodeClient({ url: node.url });
  await expect(client.forward(request)).rejects.toMatchObject({ code: "write-uncertain" });
});
