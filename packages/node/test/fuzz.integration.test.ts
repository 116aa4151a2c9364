// Random damage to requests: whatever comes, the HTTP side answers with a code or closes the connection, and goes on.
import { seededRandom, type Random } from "@understudy/kernel";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer, type HttpServer } from "../src/http/create-server.ts";
import { OPERATIONS } from "../src/openapi/operations/all-operations.ts";
import { addRoutes } from "../src/routes/add-routes.ts";
import { startingNode } from "../src/starting-node.ts";

const ROUNDS = 600;
const CONNECTIONS = 150;
const ANSWER_MS = 10_000;
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  "",
  "\u0000",
  "é🎭",
  "../..",
  "__proto__",
  [],
  {},
  [[[]]],
  { $type: "blob", value: "!" },
];
const ODD_HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  [
    "authorization",
    ["", "Bearer", "Bearer x y", "Basic ====", "Basic OjpvOg==", `Bearer ${"x".repeat(5000)}`],
  ],
  [
    "content-type",
    ["text/plain", "application/json; charset=utf-16", "application/vnd.understudy.binlog", ";"],
  ],
  ["accept", ["application/x-ndjson", "text/event-stream;q=oops", "*"]],
  ["x-request-id", ["a".repeat(500), "{}", "é"]],
  ["idempotency-key", ["", "k".repeat(1000), "a key"]],
  ["x-understudy-forwarded-by", ["node1", "", "{"]],
  ["x-understudy-after", ["1:", "1:x", "-1:0-0-0"]],
  ["origin", ["null", "http://", "http://evil.example"]],
  ["traceparent", ["00-0-0-0", `00-${"f".repeat(32)}-${"f".repeat(16)}-01`]],
];

let server: HttpServer;
let url: string;

beforeAll(async () => {
  const node = startingNode();
  server = await createServer(node);
  addRoutes(server, node);
  url = await server.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await server.close();
});

function pick<T>(random: Random, list: readonly T[]): T {
  const item = list[Math.floor(random() * list.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** Some part of a JSON value becomes something else, is gone, or is there twice. */
function damaged(random: Random, value: unknown): unknown {
  if (random() < 0.2 || typeof value !== "object" || value === null) return pick(random, ODD_VALUES);
  const entries = Object.entries(value);
  const at = Math.floor(random() * (entries.length + 1));
  const changed = entries.flatMap(([key, inner]: [string, unknown], index): [string, unknown][] => {
    if (index !== at) return [[key, inner]];
    return random() < 0.2 ? [] : [[random() < 0.2 ? `${key}x` : key, damaged(random, inner)]];
  });
  if (at === entries.length) changed.push([pick(random, ["__proto__", "constructor", "ack", "x"]), 1]);
  return Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
}

/** Some bytes are others, doubled, or gone. */
function damagedBytes(random: Random, bytes: Buffer): Buffer {
  const at = Math.floor(random() * bytes.length);
  const rest = bytes.subarray(at + Math.floor(random() * 8));
  const junk = Buffer.from(
    Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * 256)),
  );
  return random() < 0.3 ? bytes.subarray(0, at) : Buffer.concat([bytes.subarray(0, at), junk, rest]);
}

test("damaged bodies, paths and headers get an answer with a code, and never a defect's", async () => {
  const random = seededRandom(20_261_126);
  const routes = Object.entries(OPERATIONS).filter(([route]) => route !== "GET /metrics");
  for (let round = 0; round < ROUNDS; round++) {
    const [route, { requests = {}, parameters = {} }] = pick(random, routes);
    const [method = "", path = ""] = route.split(" ");
    const example = Object.values(requests)[0] ?? {};
    const text = Buffer.from(JSON.stringify(damaged(random, example)));
    const filled = path.replaceAll(/:(\w+)/g, (_, name: string) =>
      encodeURIComponent(random() < 0.5 ? "\u0001/%" : String(Reflect.get(parameters, name))),
    );
    const query =
      random() < 0.4
        ? `?${pick(random, ["limit", "after", "maxLagMs", "where", "x"])}=${pick(random, ["-1", "%00", "{", "", "1e99"])}`
        : "";
    const [name, values] = pick(random, ODD_HEADERS);
    const headers = new Headers({ "content-type": "application/json" });
    if (random() < 0.5) headers.set(name, encodeURI(pick(random, values)));
    const body = method === "POST" ? { body: random() < 0.5 ? text : damagedBytes(random, text) } : {};
    const what = `${round}: ${route} ${text.toString()}`;
    const answer = await fetch(`${url}${filled}${query}`, {
      method,
      headers,
      ...body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    expect(answer.status, what).not.toBe(500);
    if (answer.status >= 400) expect(await answer.text(), what).toMatch(/"(code|reason)":"[a-z-]+"/);
    else await answer.body?.cancel();
  }
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
}, 120_000);

test("damaged requests as they go over the wire are answered or closed, and others go on", async () => {
  const random = seededRandom(7);
  const body = '{"sql":"SELECT 1"}';
  const whole = Buffer.from(
    `POST /query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  const { port } = new URL(url);
  const send = (bytes: Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: Number(port), allowHalfOpen: false });
      let text = "";
      socket.setTimeout(ANSWER_MS, () =>
        socket.destroy(new Error(`kept open: ${JSON.stringify(bytes.toString("latin1"))}`)),
      );
      socket.on("data", (part) => void (text += part.toString("latin1")));
      socket.once("error", (error) =>
        text === "" && error.message.startsWith("kept open") ? reject(error) : resolve(text),
      );
      socket.once("close", () => resolve(text));
      socket.end(bytes);
    });
  for (let round = 0; round < CONNECTIONS; round++) {
    const answer = await send(damagedBytes(random, whole));
    expect(answer, `round ${round}`).not.toMatch(/^HTTP\/1\.1 500/);
  }
  expect((await fetch(`${url}/ping`)).status).toBe(200);
}, 120_000);
