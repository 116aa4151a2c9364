import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { ClusterView, FollowsRequest, Member, PingAnswer, RegisterRequest } from "./cluster.ts";
import { Problem } from "./problem.ts";
import { ReplicateAnswer, ReplicatePosition } from "./replicate.ts";

const registration = {
  nodeId: "slave-1",
  clusterId: null,
  url: "http://10.0.0.7:7501",
  flavour: "mysql",
  serverId: 2,
  serverVersion: "9.7.4",
  version: "0.1.0",
  epoch: "7",
  gtid: "",
  history: "",
  dataEpoch: "0",
  empty: true,
  torn: false,
  wantsRebuild: false,
} as const;

const member = {
  nodeId: "slave-1",
  url: "http://10.0.0.7:7501",
  role: "slave",
  state: "up",
  reason: "answers",
  position: "7:0-1-100",
  lag: { transactions: 0, bytes: null, ms: 1.5 },
  lastSeen: "2026-01-02T03:04:05.678Z",
  version: "0.1.0",
  flavour: "mariadb",
  serverVersion: "10.11.19",
  queue: { mode: "window", acked: "7:0-1-100", deliveriesInFlight: 1, lastError: null },
  throughput: { transactionsPerSecond: 12.5, bytesPerSecond: 4_000 },
  copy: null,
} as const;

describe("RegisterRequest", () => {
  it("accepts a fresh slave and one that knows its cluster", () => {
    expect(Value.Check(RegisterRequest, registration)).toBe(true);
    expect(Value.Check(RegisterRequest, { ...registration, clusterId: "c1", empty: false })).toBe(true);
  });

  it("accepts what a newer release adds", () => {
    const wire = { oldest: 1, newest: 7, surprise: true };
    expect(Value.Check(RegisterRequest, { ...registration, wire, surprise: true })).toBe(true);
    const question = { leader: "node1", epoch: "3", promises: false, surprise: true };
    expect(Value.Check(FollowsRequest, question)).toBe(true);
  });

  it.each([
    { nodeId: "" },
    { nodeId: "-starts-badly" },
    { nodeId: "a/b" },
    { nodeId: "x".repeat(65) },
    { url: "10.0.0.7:7501" },
    { url: "http://10.0.0.7:7501/" },
    { url: "http://a b" },
    { url: "file:///etc/passwd" },
    { epoch: "-1" },
    { epoch: 7 },
    { flavour: "postgres" },
    { serverId: -1 },
    { version: "v".repeat(65) },
    { wire: { oldest: 0, newest: 1 } },
    { wire: 1 },
  ])("refuses %j", (change) => {
    expect(Value.Check(RegisterRequest, { ...registration, ...change })).toBe(false);
  });
});

describe("ClusterView", () => {
  const view = {
    clusterId: "c1",
    self: "master-1",
    epoch: "9223372036854775807",
    leader: { nodeId: "master-1", url: "http://10.0.0.6:7500" },
    election: "static",
    members: [member],
    warnings: [],
  };

  it("carries members with and without a queue, and a cluster without a leader", () => {
    expect(Value.Check(ClusterView, view)).toBe(true);
    const unseen = {
      ...member,
      state: "joining",
      position: null,
      lastSeen: null,
      queue: null,
      throughput: null,
    };
    expect(Value.Check(ClusterView, { ...view, leader: null, members: [unseen] })).toBe(true);
  });

  it.each([
    { state: "dead" },
    { role: "leader" },
    { lag: null },
    { lag: { ms: 1 } },
    { position: undefined },
  ])("refuses a member with %j", (change) => {
    expect(Value.Check(Member, { ...member, ...change })).toBe(false);
  });
});

describe("answers of one node", () => {
  it("carry epochs as text, since they pass 2^53", () => {
    const ping = {
      status: "ok",
      nodeId: "master-1",
      clusterId: "c1",
      role: "master",
      epoch: "9223372036854775807",
      position: "7:",
      uptimeSeconds: 1.25,
      version: "0.1.0",
    };
    expect(Value.Check(PingAnswer, ping)).toBe(true);
    expect(Value.Check(PingAnswer, { ...ping, epoch: 7 })).toBe(false);
    expect(Value.Check(PingAnswer, { ...ping, status: "fine" })).toBe(false);
  });

  it("tell what a delivery did and where a node is", () => {
    expect(Value.Check(ReplicateAnswer, { position: "0-1-7", applied: 3 })).toBe(true);
    expect(Value.Check(ReplicateAnswer, { position: "0-1-7", applied: 1.5 })).toBe(false);
    const position = { nodeId: "slave-1", position: "0-1-7", epoch: "7", state: "streaming" };
    expect(Value.Check(ReplicatePosition, position)).toBe(true);
    expect(Value.Check(ReplicatePosition, { ...position, state: "asleep" })).toBe(false);
  });
});

describe("Problem", () => {
  const problem = {
    type: "about:blank",
    title: "Deadlock",
    status: 409,
    detail: "lost the race",
    instance: "/execute",
    code: "deadlock",
    requestId: "r1",
    retryable: true,
  };

  it("keeps what the case adds, also what an older client does not know", () => {
    expect(Value.Check(Problem, { ...problem, errno: 1213, sqlState: "40001", addedLater: {} })).toBe(true);
  });

  it("is never without a code and its advice on another try", () => {
    const { code: _code, ...withoutCode } = problem;
    const { retryable: _retryable, ...withoutAdvice } = problem;
    expect(Value.Check(Problem, withoutCode)).toBe(false);
    expect(Value.Check(Problem, withoutAdvice)).toBe(false);
  });
});
