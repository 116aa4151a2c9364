import { createNodeClient } from "@understudy/client";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { requestJson } from "./node-request.ts";

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

async function nodeThat(answer: (...heard: Parameters<RequestListener>) => void | Promise<void>) {
  const server = createServer((...heard) => void answer(...heard));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  stack.defer(async () => (server.listening ? close() : undefined));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { node: stack.use(createNodeClient({ url, token: "secret" })), url, close };
}

const GET = { method: "GET", path: "/things" } as const;
const POST = { method: "POST", path: "/things", body: { name: "one" } } as const;

test("brings the JSON of the answer, asked for with the token", async () => {
  const { node } = await nodeThat(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, body, authorization: headers.authorization }));
  });
  const authorization = "Bearer secret";
  expect(await requestJson(node, GET)).toEqual({ method: "GET", url: "/things", body: "", authorization });
  expect(await requestJson(node, POST)).toMatchObject({
    method: "POST",
    body: '{"name":"one"}',
    authorization,
  });
});

test("a problem is an error of its code, with the node's words", async () => {
  const { node } = await nodeThat((_, response) => {
    response.writeHead(404).end(JSON.stringify({ code: "not-found", detail: "there are no things" }));
  });
  await expect(requestJson(node, GET)).rejects.toMatchObject({
    code: "not-found",
    message: "there are no things",
  });
});

test("a code of a newer release is kept in the details", async () => {
  const { node } = await nodeThat((_, response) => {
    response.writeHead(409).end(JSON.stringify({ code: "of-tomorrow", detail: "not yet" }));
  });
  await expect(requestJson(node, GET)).rejects.toMatchObject({
    code: "internal",
    details: { status: 409, code: "of-tomorrow" },
  });
});

test("what is no JSON object is an error that names the place", async () => {
  for (const text of ["<html>", "7", "null"]) {
    const { node, url } = await nodeThat((_, response) => void response.end(text));
    await expect(requestJson(node, GET)).rejects.toMatchObject({
      code: "internal",
      message: `${url}/things answered something that is no JSON (status 200)`,
    });
  }
});

test("a node that is not there can't be reached, whatever is asked", async () => {
  const { node, url, close } = await nodeThat((_, response) => void response.end("{}"));
  await close();
  for (const request of [GET, POST]) {
    await expect(requestJson(node, request)).rejects.toMatchObject({
      code: "node-unreachable",
      message: `${url} refuses connections`,
    });
  }
});

test("a node that goes before it answers can't be reached, and what was to be changed is not known", async () => {
  const { node } = await nodeThat((request) => void request.socket.destroy());
  await expect(requestJson(node, GET)).rejects.toMatchObject({ code: "node-unreachable" });
  await expect(requestJson(node, POST)).rejects.toMatchObject({
    code: "node-unreachable",
    message: expect.stringContaining("nobody knows whether it has done what was asked") as string,
  });
});
