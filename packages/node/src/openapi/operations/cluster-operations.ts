import { ClusterView, EventsAnswer, PingAnswer } from "@understudy/protocol";
import Type from "typebox";
import { json, type OperationTable } from "../operation.ts";

const EVENT = {
  id: 3,
  time: "2026-11-23T00:47:12.639Z",
  nodeId: "node1",
  kind: "state-changed",
  message: "node2 is up: answers",
};

const MEMBER = {
  nodeId: "node2",
  url: "http://127.0.0.1:8084",
  role: "slave",
  state: "up",
  reason: "answers",
  position: "1:0-1-12",
  lag: { transactions: 0, bytes: 0, ms: 0 },
  lastSeen: "2026-11-23T00:47:12.639Z",
  version: "0.1.0",
  flavour: "mariadb",
  serverVersion: "10.11.19-MariaDB-log",
  queue: { mode: "idle", acked: "0-1-12", deliveriesInFlight: 0, lastError: null },
  throughput: { transactionsPerSecond: 1.19, bytesPerSecond: 419.8 },
  copy: null,
};

/** What is told of `GET /ping`, `GET /cluster` and what is below it. */
export const CLUSTER_OPERATIONS: OperationTable = {
  "GET /ping": {
    tag: "Cluster",
    summary: "Say who and how this node is",
    description: "Answers from the start, under any load, and without asking the database.",
    answers: "`status` is `ok`, `starting` or `degraded`",
    content: json(PingAnswer, {
      status: "ok",
      nodeId: "node1",
      clusterId: "STJ-GHXJSUlf",
      role: "master",
      epoch: "1",
      position: "1:0-1-12",
      uptimeSeconds: 61,
      version: "0.1.0",
    }),
    errors: [],
  },
  "GET /cluster": {
    tag: "Cluster",
    summary: "Show the cluster as this node sees it",
    description:
      "A slave knows itself and the master at first hand, the other slaves as the master told last. Parts of `lag` that can't be known are null.",
    answers: "The members, their states and their lag",
    content: json(ClusterView, {
      clusterId: "STJ-GHXJSUlf",
      self: "node1",
      epoch: "1",
      leader: { nodeId: "node1", url: "http://127.0.0.1:8083" },
      election: "static",
      members: [MEMBER],
      warnings: [],
    }),
    errors: ["starting"],
  },
  "GET /cluster/events": {
    tag: "Cluster",
    summary: "Tell what has happened",
    description:
      "With `Accept: text/event-stream` it follows the events as server-sent events, from `after` or `Last-Event-ID` on. Each node keeps its own newest 1,000.",
    parameters: { after: 0, limit: 100 },
    answers: "Events with ids above `after`, the oldest first; `next` is the `after` of the next call",
    content: {
      ...json(EventsAnswer, { events: [EVENT], next: 3 }),
      "text/event-stream": {
        example: `: events follow\n\nid: ${EVENT.id}\nevent: ${EVENT.kind}\ndata: ${JSON.stringify(EVENT)}\n\n`,
      },
    },
    errors: [],
  },
  "DELETE /cluster/nodes/:id": {
    tag: "Cluster",
    summary: "Remove a member",
    description:
      "Asked of the master: it delivers no more to that slave and forgets it. A slave that still runs comes back by registering.",
    parameters: { id: "node2" },
    answers: "It is no member any more",
    content: json(Type.Object({ removed: Type.String() }), { removed: "node2" }),
    errors: ["starting", "no-leader", "not-found", "database-unavailable", "timeout"],
  },
  "POST /cluster/nodes/:id/pause": {
    tag: "Cluster",
    summary: "Pause replication to a slave",
    description: "Asked of the master. The slave falls behind until it is resumed.",
    parameters: { id: "node2" },
    answers: "No more deliveries to that slave",
    content: json(Type.Object({ paused: Type.String() }), { paused: "node2" }),
    errors: ["starting", "no-leader", "not-found"],
  },
  "POST /cluster/nodes/:id/rebuild": {
    tag: "Cluster",
    summary: "Have a slave take a fresh copy of the data",
    description:
      "Asked of any node. What only that slave has is kept in its quarantine first. `GET /jobs` of that node and `GET /cluster` of the master tell how far it is.",
    parameters: { id: "node2" },
    answers: "It begins as soon as the slave has asked its master",
    status: 202,
    content: json(Type.Object({ rebuilding: Type.String() }), { rebuilding: "node2" }),
    errors: ["starting", "not-found", "node-unreachable", "promotion-blocked"],
  },
  "POST /cluster/nodes/:id/resume": {
    tag: "Cluster",
    summary: "Resume replication to a slave",
    description: "On the master, ends a pause; on the slave itself, tries again what it was `broken` by.",
    parameters: { id: "node2" },
    answers: "Replication goes on",
    content: json(Type.Object({ resumed: Type.String() }), { resumed: "node2" }),
    errors: ["starting", "no-leader", "not-found", "apply-failed", "database-unavailable"],
  },
};
