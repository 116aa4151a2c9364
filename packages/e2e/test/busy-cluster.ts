import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ClusterEvent, ClusterView, Member } from "@understudy/protocol";

const TICK_MS = 10;
const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

/** What a {@link openBusyCluster} is to be like. */
export interface BusyClusterOptions {
  readonly members: number;
  readonly eventsPerSecond: number;
}

/** One HTTP server that answers as a node of a large and busy cluster would, of which nothing else is there. */
export interface BusyCluster extends AsyncDisposable {
  readonly url: string;
  /** How many events were written to streams. */
  readonly eventCount: () => number;
}

/** Opens it on a free port. */
export async function openBusyCluster(options: BusyClusterOptions): Promise<BusyCluster> {
  const streams = new Set<ServerResponse>();
  let lastId = 0;
  let written = 0;
  let round = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://node");
    if (pathname === "/cluster/events" && request.headers.accept === "text/event-stream") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      streams.add(response);
      response.once("close", () => streams.delete(response));
      return;
    }
    const answers: Readonly<Record<string, () => object>> = {
      "/cluster": () => busyView(options.members, ++round),
      "/cluster/events": () => ({ events: [], next: lastId }),
      "/jobs": () => ({ jobs: [] }),
    };
    const answer = answers[pathname];
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer?.() ?? { code: "not-found", detail: "no such route" }));
  });
  const startedMs = performance.now();
  let due = 0;
  const timer = setInterval(() => {
    const now = Math.floor(((performance.now() - startedMs) * options.eventsPerSecond) / 1_000);
    const texts = Array.from({ length: now - due }, () => eventText(++lastId, options.members));
    due = now;
    for (const stream of streams) {
      stream.write(texts.join(""));
      written += texts.length;
    }
  }, TICK_MS);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    eventCount: () => written,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function eventText(id: number, members: number): string {
  const event: ClusterEvent = {
    id,
    time: new Date().toISOString(),
    nodeId: `node-${(id % members) + 1}`,
    kind: "joined",
    message: `joined as slave, attempt ${id}`,
  };
  return `id: ${id}\nevent: joined\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Positions, lag and rates are others in each round. */
function busyView(count: number, round: number): ClusterView {
  const members = Array.from({ length: count }, (_, index) => busyMember(index, round));
  return {
    clusterId: "busy",
    self: "node-1",
    epoch: "7",
    leader: { nodeId: "node-1", url: "http://127.0.0.1:1" },
    election: "etcd",
    members,
    warnings: [],
  };
}

function busyMember(index: number, round: number): Member {
  const isMaster = index === 0;
  const ms = isMaster ? 0 : (round * 37 + index * 211) % 9_000;
  return {
    nodeId: `node-${index + 1}`,
    url: `http://127.0.0.1:${index + 1}`,
    role: isMaster ? "master" : "slave",
    state: "up",
    reason: "answers",
    position: `7:${UUID}:1-${round * 1_000 + index}`,
    lag: { transactions: ms, bytes: ms * 100, ms },
    lastSeen: new Date().toISOString(),
    version: "0.1.0",
    flavour: "mysql",
    serverVersion: "9.7.4",
    queue: isMaster
      ? null
      : { mode: "window", acked: `${UUID}:1-${round}`, deliveriesInFlight: 1, lastError: null },
    throughput: { transactionsPerSecond: (round * 13 + index) % 500, bytesPerSecond: 80_000 },
    copy: null,
  };
}
