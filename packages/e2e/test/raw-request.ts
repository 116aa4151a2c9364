import { connect } from "node:net";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { objectOf, type Answer, type ClusterNode } from "../src/index.ts";

const TIMEOUT_MS = 30_000;
/** Odd, so that characters are cut. */
const CHUNK_BYTES = 4099;

/** A request as it goes over the wire: nothing is added, encoded or corrected. */
export interface RawRequest {
  /** Default POST with a body, else GET. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sends the body in chunks, without its length. */
  readonly chunked?: boolean;
  /** Where it comes from; every address below 127.0.0.0/8 is this machine's on Linux. */
  readonly localAddress?: string;
}

/** Sends a request on a connection of its own. Any status is an answer. */
export async function rawRequest(node: Pick<ClusterNode, "url">, request: RawRequest): Promise<Answer> {
  const { body, path, headers = {} } = request;
  const { hostname, port } = new URL(node.url);
  const length =
    body === undefined || request.chunked === true
      ? {}
      : { "content-length": String(Buffer.byteLength(body)) };
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = httpRequest(
      {
        hostname,
        port,
        path,
        method: request.method ?? (body === undefined ? "GET" : "POST"),
        agent: false,
        ...(request.localAddress === undefined ? {} : { localAddress: request.localAddress }),
        headers: { ...length, ...headers },
        timeout: TIMEOUT_MS,
      },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.once("error", reject);
        incoming.once("end", () => {
          const text = Buffer.concat(parts).toString();
          resolve({
            status: incoming.statusCode ?? 0,
            headers: plain(incoming.headers),
            body: objectOf(text),
            text,
          });
        });
      },
    );
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    outgoing.once("error", reject);
    if (request.chunked === true) {
      for (const chunk of chunksOf(Buffer.from(body ?? ""))) outgoing.write(chunk);
      outgoing.end();
    } else outgoing.end(body);
  });
}

/** Sends JSON text as it stands, which need not be JSON. */
export async function sendText(
  node: Pick<ClusterNode, "url">,
  path: string,
  body: string | Buffer,
): Promise<Answer> {
  return rawRequest(node, { path, body, headers: { "content-type": "application/json" } });
}

/** Writes bytes to the node's port and gives all that comes back until it closes the connection. */
export async function exchangeBytes(
  node: Pick<ClusterNode, "url">,
  bytes: string | Buffer,
  { halfClose = false } = {},
): Promise<string> {
  const { hostname, port } = new URL(node.url);
  return new Promise<string>((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let text = "";
    socket.setEncoding("latin1");
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("the node keeps the connection open")));
    socket.on("data", (part: string) => {
      text += part;
    });
    socket.once("error", (error) => (text === "" ? reject(error) : resolve(text)));
    socket.once("close", () => resolve(text));
    if (halfClose) socket.end(bytes);
    else socket.write(bytes);
  });
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

function plain(headers: IncomingHttpHeaders): Record<string, string | string[] | undefined> {
  return { ...headers };
}
