import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { answerJson, openStandInNode, type Answerer, type StandInNode } from "../test/stand-in-node.ts";
import { createNodeClient } from "./http-node-client.ts";
import type { NodeClient } from "./node-client.ts";

const COLUMNS = [
  { name: "id", type: "INT", nullable: false },
  { name: "__proto__", type: "VARCHAR", nullable: true },
];
const HEADER = { columns: COLUMNS, position: "5:u:1-9", node: "node2" };

const open = new Set<AsyncDisposable>();
afterEach(async () => {
  for (const one of open) await one[Symbol.asyncDispose]();
  open.clear();
});

async function openPair(answer: Answerer): Promise<{ node: StandInNode; client: NodeClient }> {
  const node = await openStandInNode(answer);
  const client = createNodeClient({ url: node.url });
  open.add(client).add(node);
  return { node, client };
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
}

function lines(response: ServerResponse, ...values: readonly unknown[]): void {
  response.write(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

describe("a stream of rows", () => {
  it("gives rows as objects or as arrays, its columns before them and its count after", async () => {
    const { node, client } = await openPair((_request, response) => {
      begin(response);
      lines(response, HEADER, [1, "a"], [2, null], { rowCount: 2, timeMs: 1 });
      response.end();
    });
    await using stream = await client.stream({ sql: "SELECT", params: [1n] });
    expect(stream).toMatchObject({ columns: COLUMNS, position: "5:u:1-9", node: "node2", rowCount: null });
    const rows = await Array.fromAsync(stream);
    expect(rows.map((row) => JSON.stringify(row))).toEqual([
      '{"id":1,"__proto__":"a"}',
      '{"id":2,"__proto__":null}',
    ]);
    expect(stream.rowCount).toBe(2);
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: "invalid-request" });

    await using arrays = await client.stream({ sql: "SELECT", rows: "arrays", timeoutMs: 7 });
    expect(await Array.fromAsync(arrays)).toEqual([
      [1, "a"],
      [2, null],
    ]);
    const [first, second] = node.seen;
    expect(first?.headers.accept).toBe("application/x-ndjson");
    expect(JSON.parse(String(first?.body))).toEqual({
      sql: "SELECT",
      params: [{ $type: "bigint", value: "1" }],
      rows: "arrays",
      timeoutMs: 600_000,
    });
    expect(JSON.parse(String(second?.body))).toMatchObject({ timeoutMs: 7 });
  });

  it("puts rows together that come in pieces of any size, with letters of several bytes", async () => {
    const text = [HEADER, [1, "grüße €"], [2, "a\nb"], { rowCount: 2 }]
      .map((one) => JSON.stringify(one))
      .join("\n");
    const { client } = await openPair((_request, response) => {
      begin(response);
      const bytes = [...Buffer.from(text)];
      const writeNext = (): void => {
        const byte = bytes.shift();
        if (byte === undefined) response.end();
        else response.write(Buffer.from([byte]), writeNext);
      };
      writeNext();
    });
    await using stream = await client.stream({ sql: "SELECT", rows: "arrays" });
    expect(await Array.fromAsync(stream)).toEqual([
      [1, "grüße €"],
      [2, "a\nb"],
    ]);
  });

  it("throws the node's error, before the first row and after some", async () => {
    const error = { code: "timeout", detail: "took too long", requestId: "r" };
    const { client } = await openPair((request, response) => {
      if (String(request.body).includes("early"))
        return answerJson(response, 400, { code: "sql-syntax", detail: "d" });
      begin(response);
      lines(response, HEADER, [1, "a"], { error });
      return void response.end();
    });
    await expect(client.stream({ sql: "early" })).rejects.toMatchObject({ code: "sql-syntax" });
    await using stream = await client.stream({ sql: "late" });
    const seen: unknown[] = [];
    const all = (async () => {
      for await (const row of stream) seen.push(row);
    })();
    await expect(all).rejects.toMatchObject({ code: "timeout", message: "took too long", requestId: "r" });
    expect(seen).toHaveLength(1);
    expect(stream.rowCount).toBeNull();
  });

  it.each([
    ["after a row", (response: ServerResponse) => response.end()],
    ["by a cut connection", (response: ServerResponse) => response.socket?.destroy()],
  ])("tells an answer that ends without its trailer, %s", async (_how, cut) => {
    const { client } = await openPair((_request, response) => {
      begin(response);
      lines(response, HEADER, [1, "a"]);
      response.write("[2,", () => cut(response));
    });
    await using stream = await client.stream({ sql: "SELECT" });
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: "node-unreachable" });
  });

  it("does not take for rows what is none", async () => {
    const { client } = await openPair((_request, response) => answerJson(response, 200, { hello: 1 }));
    await expect(client.stream({ sql: "SELECT" })).rejects.toMatchObject({ code: "internal" });
  });

  it("closes the connection when the loop is left, and when it is disposed unread", async () => {
    const closed: Promise<unknown>[] = [];
    const { client } = await openPair((_request, response) => {
      closed.push(once(response, "close"));
      begin(response);
      lines(response, HEADER, [1, "a"], [2, "b"]);
    });
    await using stream = await client.stream({ sql: "SELECT" });
    for await (const row of stream) {
      expect(row["id"]).toBe(1);
      break;
    }
    await closed[0];
    await using unread = await client.stream({ sql: "SELECT" });
    await unread[Symbol.asyncDispose]();
    await closed[1];
    expect(closed).toHaveLength(2);
  });

  it("ends with the signal's reason, before the answer and between rows", async () => {
    const { client } = await openPair((request, response) => {
      if (String(request.body).includes("silent")) return;
      begin(response);
      lines(response, HEADER, [1, "a"]);
    });
    const first = new AbortController();
    const silent = client.stream({ sql: "silent" }, { signal: first.signal });
    first.abort(new Error("enough"));
    await expect(silent).rejects.toThrow("enough");
    const second = new AbortController();
    await using stream = await client.stream({ sql: "SELECT" }, { signal: second.signal });
    const rows = stream[Symbol.asyncIterator]();
    await rows.next();
    const next = rows.next();
    second.abort(new Error("enough of it"));
    await expect(next).rejects.toThrow("enough of it");
  });

  it("waits no longer than asked for more rows, however long its reader takes", async () => {
    const { client } = await openPair((_request, response) => {
      begin(response);
      lines(response, HEADER, [1, "a"]);
    });
    await using stream = await client.stream({ sql: "SELECT" }, { timeoutMs: 500 });
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: "node-unreachable" });
    await using never = await openStandInNode(() => undefined);
    await using other = createNodeClient({ url: never.url });
    await expect(other.stream({ sql: "SELECT" }, { timeoutMs: 500 })).rejects.toMatchObject({
      code: "node-unreachable",
    });
  });

  it("takes no connection that other calls wait for", async () => {
    const { node } = await openPair((request, response) => {
      if (request.path === "/ping") return answerJson(response, 200, { nodeId: "a", role: "master" });
      begin(response);
      return lines(response, HEADER, [1, "a"]);
    });
    await using client = createNodeClient({ url: node.url, connectionsMax: 1 });
    await using one = await client.stream({ sql: "SELECT" });
    await using other = await client.stream({ sql: "SELECT" });
    expect([one.columns.length, other.columns.length]).toEqual([2, 2]);
    expect(await client.ping({ timeoutMs: 5_000 })).toMatchObject({ nodeId: "a" });
  });

  it("reads no faster than its rows are taken", async () => {
    const row = `${JSON.stringify([1, "x".repeat(1_000)])}\n`;
    let written = 0;
    const { client } = await openPair((_request, response) => {
      begin(response);
      lines(response, HEADER);
      const fill = (): void => {
        while (written < 200_000_000 && response.write(row.repeat(64))) written += row.length * 64;
      };
      response.on("drain", fill);
      fill();
    });
    await using stream = await client.stream({ sql: "SELECT" });
    const rows = stream[Symbol.asyncIterator]();
    await rows.next();
    // until the sender has nothing more to do, which is when all buffers between are full
    for (let before = -1; before !== written;) {
      before = written;
      for (let turn = 0; turn < 50; turn++) await setImmediate();
    }
    expect(written).toBeLessThan(50_000_000);
    expect(written).toBeGreaterThan(0);
  });
});
