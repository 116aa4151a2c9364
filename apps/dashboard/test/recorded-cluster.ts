import type { ClusterEvent, ClusterView, Member, PlanAnswer, QuarantineEntry } from "@understudy/protocol";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** When the recording was made. */
export const RECORDED_AT_MS = Date.parse("2026-03-01T12:00:10.000Z");

const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

/** Who would lead without node-a. */
export const RECORDED_PLAN: PlanAnswer = {
  election: "etcd",
  epoch: "7",
  leader: "node-a",
  winner: "node-b",
  evidence: "both slaves in sync are there",
  blocked: [],
  candidates: [
    { nodeId: "node-b", isFit: true, reason: "it has all that the others have" },
    { nodeId: "node-c", isFit: false, reason: "node-b has transactions that it lacks" },
  ],
  sync: { members: ["node-b", "node-c"], acks: 1 },
};

/** Three transactions that only node-c had, kept by it. */
export const RECORDED_QUARANTINED: QuarantineEntry = {
  manifest: {
    id: "q-6-1",
    node: "node-c",
    epoch: "6",
    savedAt: "2026-03-01T11:00:10.000Z",
    flavour: "mysql",
    serverVersion: "9.7.4",
    positions: { shared: "6:a:1-5", own: "6:a:1-7", master: "7:a:1-6" },
    transactionCount: 3,
    clientTransactionCount: 2,
    bytes: 4_200,
    digest: "00",
    tables: [],
  },
  state: "open",
  discarded: null,
  report: null,
};

/** A member as a node tells it. */
export function memberOf(nodeId: string, overrides: Partial<Member> = {}): Member {
  return {
    nodeId,
    url: `http://127.0.0.1/${nodeId}`,
    role: "slave",
    state: "up",
    reason: "answers",
    position: `7:${UUID}:1-90512`,
    lag: { transactions: 0, bytes: 0, ms: 0 },
    lastSeen: "2026-03-01T12:00:10.000Z",
    version: "0.1.0",
    flavour: "mysql",
    serverVersion: "9.7.4",
    queue: { mode: "window", acked: `${UUID}:1-90512`, deliveriesInFlight: 1, lastError: null },
    throughput: { transactionsPerSecond: 41.25, bytesPerSecond: 80_000 },
    copy: null,
    ...overrides,
  };
}

/** A cluster of a master, a slave and a late one, as its master tells it. */
export function recordedView(overrides: Partial<ClusterView> = {}): ClusterView {
  return {
    clusterId: "demo",
    self: "node-a",
    epoch: "7",
    leader: { nodeId: "node-a", url: "http://127.0.0.1:8083" },
    election: "static",
    members: [
      memberOf("node-a", { role: "master", queue: null }),
      memberOf("node-b"),
      memberOf("node-c", {
        lag: { transactions: 1234, bytes: 5_000_000, ms: 4_230 },
        lastSeen: "2026-03-01T12:00:06.000Z",
        queue: { mode: "catch-up", acked: `${UUID}:1-89278`, deliveriesInFlight: 2, lastError: null },
      }),
    ],
    warnings: [],
    ...overrides,
  };
}

/** Three events of that cluster. */
export const RECORDED_EVENTS: readonly ClusterEvent[] = [
  {
    id: 1,
    time: "2026-03-01T11:59:00.000Z",
    nodeId: "node-a",
    kind: "started",
    message: "started as master",
  },
  { id: 2, time: "2026-03-01T11:59:20.000Z", nodeId: "node-b", kind: "joined", message: "joined as slave" },
  { id: 3, time: "2026-03-01T11:59:40.000Z", nodeId: "node-c", kind: "joined", message: "joined as slave" },
];

/** A small HTTP server that answers as a node does. */
export interface RecordedNode extends AsyncDisposable {
  readonly url: string;
  view: ClusterView;
  events: readonly ClusterEvent[];
  /** What it answers beside them, by method and path: `POST /cluster/switchover`; a text is no JSON. */
  readonly answers: Map<string, { readonly status?: number; readonly body: object | string }>;
  /** Paths that were asked. */
  readonly asked: string[];
  /** All that was sent with a body or that changes something. */
  readonly sent: { readonly method: string; readonly path: string; readonly body: unknown }[];
  /** Of the latest request. */
  authorization: string | undefined;
}

/** Opens a node on a free port, or on `port`. */
export async function openRecordedNode(view: ClusterView = recordedView(), port = 0): Promise<RecordedNode> {
  const paths: string[] = [];
  const server = createServer();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://node");
    const { method = "GET" } = request;
    paths.push(url.pathname + url.search);
    node.authorization = request.headers.authorization;
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    if (method !== "GET") {
      node.sent.push({ method, path: url.pathname, body: body === "" ? null : JSON.parse(body) });
    }
    const given = node.answers.get(`${method} ${url.pathname}`);
    if (given) {
      const isText = typeof given.body === "string";
      response.writeHead(given.status ?? 200, { "content-type": isText ? "text/plain" : "application/json" });
      response.end(isText ? given.body : JSON.stringify(given.body));
      return;
    }
    const asked = Number(url.searchParams.get("after"));
    // As a node does: what it has not reached comes from before its restart.
    const after = asked > (node.events.at(-1)?.id ?? 0) ? 0 : asked;
    const events = node.events.filter((event) => event.id > after);
    const answers: Readonly<Record<string, object>> = {
      "/cluster": node.view,
      "/cluster/events": { events, next: events.at(-1)?.id ?? after },
    };
    const known = answers[url.pathname];
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(known ?? { code: "not-found", detail: "no such route" }));
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    // A request that is cut off has nobody to be told.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const node: RecordedNode = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    view,
    events: RECORDED_EVENTS,
    answers: new Map(),
    asked: paths,
    sent: [],
    authorization: undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return node;
}
