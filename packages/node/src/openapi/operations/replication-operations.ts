import {
  BINLOG_MEDIA_TYPE,
  FollowsAnswer,
  RegisterAnswer,
  ReplicateAnswer,
  ReplicatePosition,
} from "@understudy/protocol";
import { json, type OperationTable } from "../operation.ts";

/** What is told of the routes that nodes call of each other. */
export const REPLICATION_OPERATIONS: OperationTable = {
  "POST /cluster/register": {
    tag: "Between nodes",
    summary: "A slave joins, or comes back",
    requests: {
      "A fresh slave": {
        nodeId: "node2",
        clusterId: null,
        url: "http://127.0.0.1:8084",
        flavour: "mariadb",
        serverId: 2,
        serverVersion: "10.11.19-MariaDB-log",
        version: "0.1.0",
        epoch: "0",
        gtid: "",
        history: "",
        dataEpoch: "0",
        empty: true,
        torn: false,
        wantsRebuild: false,
        wire: { oldest: 1, newest: 1 },
      },
    },
    answers:
      "Whether transactions follow, or the slave has to empty its own history, or to take a fresh copy of the data first",
    content: json(RegisterAnswer, {
      clusterId: "STJ-GHXJSUlf",
      epoch: "1",
      leader: { nodeId: "node1", url: "http://127.0.0.1:8083" },
      action: "deliver",
      reason: "",
      survived: "",
      gtid: "0-1-12",
      members: [],
      wire: 1,
    }),
    errors: [
      "starting",
      "no-leader",
      "cluster-mismatch",
      "version-mismatch",
      "epoch-stale",
      "snapshot-required",
      "server-unsuitable",
      "database-unavailable",
      "timeout",
    ],
  },
  "POST /cluster/follows": {
    tag: "Between nodes",
    summary: "A master asks whether a slave follows it",
    description:
      "Before a `strong` read, and, with `promises`, when it can't reach etcd: a slave that says yes then accepts no other master for the time of a lease.",
    requests: { "Without etcd": { leader: "node1", epoch: "3", promises: true } },
    answers: "Whether it does",
    content: json(FollowsAnswer, { nodeId: "node2", follows: true }),
    errors: ["starting"],
  },
  "GET /replicate/snapshot": {
    tag: "Between nodes",
    summary: "A copy of the master's data",
    description:
      "As it is at one position, with the accounts that people made. It ends with a checksum; one that lacks it is never taken for a whole one.",
    parameters: { for: "node2" },
    answers: "The copy, as it is made",
    content: { "application/octet-stream": { example: "" } },
    errors: [
      "starting",
      "no-leader",
      "overloaded",
      "snapshot-failed",
      "server-unsuitable",
      "database-unavailable",
    ],
  },
  "GET /replicate/position": {
    tag: "Between nodes",
    summary: "Where a slave's history ends",
    answers: "Its position, and what its applier does",
    content: json(ReplicatePosition, {
      nodeId: "node2",
      position: "0-1-12",
      epoch: "1",
      state: "streaming",
    }),
    errors: ["starting", "database-unavailable"],
  },
  "POST /replicate/transactions": {
    tag: "Between nodes",
    summary: "The master delivers transactions",
    description:
      "The body is a binlog as it is, with the headers `X-Understudy-Cluster`, `-Epoch`, `-Sender`, `-After`, `-Flavour`, `-Server-Version`, `-Wire` and `-Master-Position`. The answer comes when all of it is committed: it is the ack.",
    requestType: BINLOG_MEDIA_TYPE,
    answers: "What the slave has committed",
    content: json(ReplicateAnswer, { position: "0-1-12", applied: 1 }),
    errors: [
      "starting",
      "position-mismatch",
      "cluster-mismatch",
      "version-mismatch",
      "epoch-stale",
      "apply-failed",
      "binlog-corrupt",
      "binlog-unsupported",
      "database-unavailable",
      "node-unreachable",
    ],
  },
};
