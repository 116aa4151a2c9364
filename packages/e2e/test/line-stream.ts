import { Agent, request } from "undici";
import type { Readable } from "node:stream";
import type { ClusterNode } from "../src/index.ts";

/** How a stream is asked for. */
export interface LineRequest {
  readonly path?: string;
  /** Left out: GET. */
  readonly body?: object;
}

/** A streamed answer that has begun. */
export interface LineStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it comes; not read ahead. */
  readonly body: Readable;
}

/** Asks a node for lines, on a connection of its own, which `signal` closes. */
export async function openLines(
  node: Pick<ClusterNode, "url">,
  { path = "/query", body }: LineRequest,
  signal: AbortSignal = AbortSignal.timeout(120_000),
): Promise<LineStream> {
  const agent = new Agent({ pipelining: 0 });
  const answer = await request(`${node.url}${path}`, {
    dispatcher: agent,
    method: body === undefined ? "GET" : "POST",
    headers: { accept: "application/x-ndjson", "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
    signal,
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  });
  const readable: Readable = answer.body;
  readable.on("error", () => undefined).once("close", () => void agent.destroy().catch(() => undefined));
  return { status: answer.statusCode, headers: answer.headers, body: readable };
}

/** All lines of an answer, read to its end. Rejects where it is cut. */
export async function linesOf(stream: LineStream): Promise<Readonly<Record<string, unknown>>[]> {
  const parts: Buffer[] = [];
  for await (const part of stream.body) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  if (!text.endsWith("\n")) throw new Error(`the last line has no end: ${text.slice(-200)}`);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Reads an answer to its end, keeping but its last line, and tells how many lines it had. */
export async function countLines(
  stream: LineStream,
): Promise<{ lines: number; last: Record<string, unknown> }> {
  let lines = 0;
  let tail = Buffer.alloc(0);
  for await (const part of stream.body) {
    const bytes = part as Buffer;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
    tail = Buffer.concat([tail, bytes]).subarray(-2_000);
  }
  const text = tail.toString();
  const last = text.slice(text.lastIndexOf("\n", text.length - 2) + 1);
  return { lines, last: JSON.parse(last) as Record<string, unknown> };
}
