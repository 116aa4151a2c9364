// Everything that somebody may send to a node's port who means no good, or is broken.
import type { Random } from "@understudy/kernel";
import { BINLOG_MEDIA_TYPE } from "@understudy/protocol";
import { ROUTE_ACCESS } from "@understudy/node";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { ClusterNode } from "../src/index.ts";
import { damagedBytes, damagedJson, oddHeader, pick } from "./damage.ts";
import { ROUTE_CALLS } from "./route-requests.ts";

/** Whom it is sent to, and as whom. */
export interface HostileOptions {
  readonly node: ClusterNode;
  readonly random: Random;
  /** Trusted, and shown as a node's own. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** A binlog that the node has, and what its master would send along. */
  readonly delivery: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer };
}

/** What came of it. */
export interface Told {
  readonly status: number;
  /** Of an answer that is a refusal; null where it has none. */
  readonly code: string | null;
  readonly what: string;
}

const ANSWER_MS = 30_000;
const AT_A_TIME = 8;
/** What would change who leads or who belongs to the cluster is asked for with a body that nothing is made of. */
const HARMLESS = Object.keys(ROUTE_CALLS).filter(
  (route) => !ROUTE_ACCESS[route]?.isAudited && !/^POST .cluster.(follows|offer)|snapshot|psdb/.test(route),
);

/** Sends so many requests and connections of all kinds; resolves with what was answered when all are over. */
export async function sendHostile(options: HostileOptions, count: number): Promise<readonly Told[]> {
  const { tls } = options;
  await using stack = new AsyncDisposableStack();
  const pool = { keepAlive: true, maxSockets: AT_A_TIME, ...tls };
  const agent = stack.adopt(new Agent(pool), (it) => it.destroy());
  const told: Told[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next++ < count) {
      const answer = await pick(options.random, KINDS)(options, agent);
      if (answer) told.push(answer);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return told;
}

type Attack = (options: HostileOptions, agent: Agent) => Promise<Told | null>;

/** Most are requests, since most of a node's code is behind them. */
const KINDS: readonly Attack[] = [
  damagedRequest,
  damagedRequest,
  damagedRequest,
  damagedRequest,
  damagedDelivery,
  damagedDelivery,
  brokenOffRequest,
  brokenOffDelivery,
  brokenHttp,
  brokenHandshake,
];

async function damagedRequest({ node, random }: HostileOptions, agent: Agent): Promise<Told | null> {
  const route = pick(random, HARMLESS);
  const [method = "", ownPath = ""] = route.split(" ");
  const { path = ownPath, body } = pick(random, Object.values(ROUTE_CALLS[route]?.requests ?? {}));
  const odd = random() < 0.3 ? Object.fromEntries([oddHeader(random)]) : {};
  const query = random() < 0.2 ? `?${pick(random, ["limit=-1", "where={", "x=%00", "after=1e99"])}` : "";
  const sent = method === "POST" ? damagedJson(random, body ?? {}) : null;
  const target = `${path}${path.includes("?") ? "" : query}`;
  const headers = { "content-type": "application/json", ...odd };
  return send({ node, agent, method, path: target, headers, body: sent });
}

async function damagedDelivery(
  { node, random, delivery }: HostileOptions,
  agent: Agent,
): Promise<Told | null> {
  const headers: Record<string, string> = { ...delivery.headers, "content-type": BINLOG_MEDIA_TYPE };
  if (random() < 0.2)
    headers[pick(random, Object.keys(delivery.headers))] = pick(random, ["", "x", "-1", "9"]);
  const body = damagedBytes(random, delivery.body);
  return send({ node, agent, method: "POST", path: "/replicate/transactions", headers, body });
}

interface Sent {
  readonly node: ClusterNode;
  readonly agent: Agent;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** Null where the node has closed the connection instead of an answer. */
async function send({ node, agent, method, path, headers, body }: Sent): Promise<Told | null> {
  const { hostname, port } = new URL(node.url);
  const what = `${method} ${path} ${JSON.stringify(headers)} ${String(body).slice(0, 300)}`;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: hostname, port, servername: "localhost", agent, method, path, headers, timeout: ANSWER_MS },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8").on("data", (part: string) => (text += part));
        incoming.once("close", () => resolve(toldOf(what, incoming.statusCode ?? 0, text)));
      },
    );
    outgoing.once("timeout", () => reject(new Error(`no answer to ${what}`)));
    outgoing.once("error", () => resolve(null));
    outgoing.end(body ?? undefined);
  });
}

/** The client is gone before it has sent all, or before it has read all. */
async function brokenOffRequest({ node, random, tls }: HostileOptions): Promise<null> {
  const sql = pick(random, ["SELECT SLEEP(0.05)", "SELECT REPEAT('x', 100000)", "DO 1"]);
  const body = JSON.stringify({ sql, params: [] });
  const head = `POST /query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`;
  const whole = `${head}content-length: ${body.length}\r\n\r\n${body}`;
  await breakOff(node, tls, whole.slice(0, random() < 0.5 ? Math.floor(random() * whole.length) : undefined));
  return null;
}

async function brokenOffDelivery({ node, random, tls, delivery }: HostileOptions): Promise<null> {
  const headers = Object.entries({ ...delivery.headers, "content-type": BINLOG_MEDIA_TYPE })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const head = `POST /replicate/transactions HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}content-length: 1000000\r\n\r\n`;
  const part = delivery.body.subarray(0, Math.floor(random() * delivery.body.length));
  await breakOff(node, tls, Buffer.concat([Buffer.from(head), part]));
  return null;
}

async function brokenHttp({ node, random, tls }: HostileOptions): Promise<Told | null> {
  const body = '{"sql":"SELECT 1"}';
  const head = `POST /query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`;
  const smuggled = pick(random, [
    "content-length: 5\r\n",
    "transfer-encoding: chunked\r\n",
    "x\u0000: y\r\n",
    "",
  ]);
  const whole = Buffer.from(
    `${head}${smuggled}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  const socket = await connected(node, tls);
  const text = await exchange(socket, random() < 0.5 ? whole : damagedBytes(random, whole));
  const [, status, rest = ""] = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(text) ?? [];
  return status === undefined ? null : toldOf("broken HTTP", Number(status), rest);
}

/** What no TLS client would send, or would not stop at. */
async function brokenHandshake({ node, random }: HostileOptions): Promise<Told | null> {
  const kind = random();
  if (kind < 0.2) {
    const text = await exchange(plainSocket(node), "GET /ping HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    return toldOf("plain HTTP", Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text.split("\r\n\r\n")[1] ?? "");
  }
  const hello = Buffer.from([
    0x16,
    3,
    1,
    0,
    200,
    1,
    0,
    0,
    196,
    3,
    3,
    ...Array.from({ length: 196 }, () => 7),
  ]);
  const bytes =
    kind < 0.6 ? damagedBytes(random, hello) : Buffer.from([0x16, 3, 3, 255, 255, random() * 256]);
  const socket = plainSocket(node);
  socket.write(bytes);
  // nothing more will come, and the node is not told
  if (kind < 0.8) socket.resetAndDestroy();
  else socket.end();
  await ended(socket);
  return null;
}

/**
 * Connections whose handshake was begun and goes on no more. The node closes each of them of itself: resolves when it has, at the latest
 * when a handshake's time is up.
 */
export async function holdHalfOpen(node: ClusterNode, count: number): Promise<void> {
  const sockets = Array.from({ length: count }, (_, number) => {
    const socket = plainSocket(node);
    // some say nothing at all
    if (number % 3 !== 0) socket.write(Buffer.from([0x16, 3, 1, 0, 200, 1]));
    return socket;
  });
  await Promise.all(sockets.map(ended));
}

/** How often a client may change the keys of one connection before the node has enough of it, out of `most`. */
export async function renegotiate(
  node: ClusterNode,
  tls: HostileOptions["tls"],
  most: number,
): Promise<number> {
  const socket = await connected(node, { ...tls, maxVersion: "TLSv1.2" });
  const gone = ended(socket).then(() => false);
  let times = 0;
  for (; times < most; times++) {
    const again = new Promise<boolean>((resolve) => {
      socket.renegotiate({ rejectUnauthorized: true }, (error) => resolve(error === null));
    });
    if (!(await Promise.race([again, gone]))) break;
  }
  socket.destroy();
  await gone;
  return times;
}

function toldOf(what: string, status: number, text: string): Told {
  const code = status < 400 ? null : (/"code":"([a-z-]+)"/.exec(text)?.[1] ?? null);
  return { status, code, what: `${what}: ${text.slice(0, 200)}` };
}

function plainSocket(node: ClusterNode): Socket {
  const { hostname, port } = new URL(node.url);
  const socket = connectPlain(Number(port), hostname);
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  return socket.on("error", () => undefined);
}

async function connected(
  node: ClusterNode,
  tls: HostileOptions["tls"] & { readonly maxVersion?: "TLSv1.2" },
): Promise<TLSSocket> {
  const { hostname, port } = new URL(node.url);
  const socket = connectTls({ host: hostname, port: Number(port), ...tls });
  socket.on("error", () => undefined);
  await Promise.race([once(socket, "secureConnect"), ended(socket)]);
  return socket;
}

async function breakOff(
  node: ClusterNode,
  tls: HostileOptions["tls"],
  bytes: string | Buffer,
): Promise<void> {
  const socket = await connected(node, tls);
  await new Promise<void>((resolve) => {
    socket.write(bytes, () => resolve());
  });
  socket.destroy();
  await ended(socket);
}

/** All that comes back until the end. */
async function exchange(socket: Socket, bytes: string | Buffer): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (part: string) => (text += part));
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  socket.end(bytes);
  await ended(socket);
  return text;
}

async function ended(socket: Socket): Promise<void> {
  // what nobody reads would keep its end back
  socket.resume();
  if (!socket.closed) await once(socket, "close");
}
