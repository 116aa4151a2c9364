import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { closedUrl, openStandInNode } from "../test/stand-in-node.ts";
import { createNodeClient } from "./http-node-client.ts";

const READ = {
  method: "POST",
  path: "/query",
  headers: { "content-type": "application/json" },
  body: "{}",
} as const;

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const piece of pieces) chunks.push(piece);
  return Buffer.concat(chunks).toString();
}

test("an answer comes back as it is, whatever its status, and before it has ended", async () => {
  const begun = Promise.withResolvers<ServerResponse>();
  await using node = await openStandInNode((_request, response) => {
    response.writeHead(503, { "content-type": "application/problem+json", "x-own": "1" });
    response.write("first ");
    begun.resolve(response);
  });
  await using client = createNodeClient({ url: node.url });
  using answer = await client.forwardStream(READ);
  expect(answer.status).toBe(503);
  expect(answer.headers).toMatchObject({ "content-type": "application/problem+json", "x-own": "1" });
  expect(answer.headers).not.toHaveProperty("transfer-encoding");
  (await begun.promise).end("last");
  expect(await textOf(answer.body())).toBe("first last");
  expect(node.seen[0]).toMatchObject({ method: "POST", path: "/query", body: Buffer.from("{}") });
});

test("what is not taken is not read, and who leaves closes the connection", async () => {
  const begun = Promise.withResolvers<ServerResponse>();
  await using node = await openStandInNode((_request, response) => begun.resolve(response.writeHead(200)));
  await using client = createNodeClient({ url: node.url });
  const opening = client.forwardStream(READ);
  const response = await begun.promise;
  const piece = Buffer.alloc(1024 * 1024);
  // what the kernel's buffers hold is a few megabytes; beyond it the node waits for its reader
  let written = 0;
  while (response.write(piece) || (await hasDrained(response))) {
    written += piece.length;
    if (written > 64 * piece.length) throw new Error("the answer was read though nobody took it");
  }
  using answer = await opening;
  const closed = once(response, "close");
  for await (const first of answer.body()) {
    expect(first.length).toBeGreaterThan(0);
    break;
  }
  await closed;
});

/** False where the kernel takes no more for a while. */
async function hasDrained(response: ServerResponse): Promise<boolean> {
  const signal = AbortSignal.timeout(500);
  return await once(response, "drain", { signal }).then(
    () => true,
    () => false,
  );
}

test("no node, a cut answer and an abort are told apart", async () => {
  await using nobody = createNodeClient({ url: await closedUrl() });
  await expect(nobody.forwardStream(READ)).rejects.toMatchObject({ code: "no-leader" });
  await using node = await openStandInNode((_request, response) => void response.writeHead(200).write("a"));
  await using client = createNodeClient({ url: node.url });
  using cut = await client.forwardStream(READ);
  node.cutConnections();
  await expect(textOf(cut.body())).rejects.toMatchObject({ code: "node-unreachable" });
  const abort = new AbortController();
  using aborted = await client.forwardStream(READ, { signal: abort.signal });
  abort.abort(new Error("enough"));
  await expect(textOf(aborted.body())).rejects.toThrow("enough");
});

test("streams take no connection from other calls", async () => {
  await using node = await openStandInNode((request, response) => {
    if (request.path === "/query") response.writeHead(200).write("a");
    else response.end("done");
  });
  await using client = createNodeClient({ url: node.url, connectionsMax: 1 });
  using first = await client.forwardStream(READ);
  using second = await client.forwardStream(READ);
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(await client.forward({ ...READ, path: "/insert" })).toMatchObject({ body: Buffer.from("done") });
});
