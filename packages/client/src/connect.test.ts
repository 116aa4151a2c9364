import type { ClusterView } from "@understudy/protocol";
import { expect, test } from "vitest";
import {
  answerJson,
  closedUrl,
  openStandInNode,
  type SeenRequest,
  type StandInNode,
} from "../test/stand-in-node.ts";
import { connect } from "./connect.ts";
import type { ServerResponse } from "node:http";

const INSERT = { database: "d", table: "t", record: { a: 1 } };

/** A node of a test's cluster: what it says of the cluster, and how it answers the rest. */
interface Actor {
  readonly node: StandInNode;
  leader: string | null;
  epoch: string;
  members: string[];
  data: (request: SeenRequest, response: ServerResponse) => void;
}

async function openActor(): Promise<Actor & AsyncDisposable> {
  const actor: Actor & AsyncDisposable = {
    node: await openStandInNode((request, response) => {
      if (request.path === "/cluster") answerJson(response, 200, viewOf(actor));
      else actor.data(request, response);
    }),
    leader: null,
    epoch: "1",
    members: [],
    data: (request, response) => {
      const isRead = request.path === "/query";
      const position = `${actor.epoch}:x`;
      answerJson(response, 200, isRead ? { columns: [], rows: [], node: actor.node.url } : { position });
    },
    [Symbol.asyncDispose]: async () => actor.node[Symbol.asyncDispose](),
  };
  return actor;
}

function viewOf(actor: Actor): ClusterView {
  const members = actor.members.map((url) => ({ url }));
  const leader = actor.leader === null ? null : { nodeId: "l", url: actor.leader };
  return {
    clusterId: "c",
    self: "s",
    epoch: actor.epoch,
    leader,
    election: "static",
    members,
    warnings: [],
  } as unknown as ClusterView;
}

async function openCluster() {
  const master = await openActor();
  const slave = await openActor();
  for (const actor of [master, slave]) {
    actor.leader = master.node.url;
    actor.members = [master.node.url, slave.node.url];
  }
  return {
    master,
    slave,
    [Symbol.asyncDispose]: async () => {
      await master[Symbol.asyncDispose]();
      await slave[Symbol.asyncDispose]();
    },
  };
}

const problem = (status: number, code: string) => (_request: SeenRequest, response: ServerResponse) =>
  answerJson(response, status, { code, detail: code });
const once = (first: Actor["data"], rest: Actor["data"]): Actor["data"] => {
  let calls = 0;
  return (request, response) => (calls++ === 0 ? first : rest)(request, response);
};
const pathsOf = (actor: Actor): string[] =>
  actor.node.seen.map((one) => one.path).filter((path) => path !== "/cluster");

test("writes go to the master that any node names, and leave their position", async () => {
  await using cluster = await openCluster();
  await using client = await connect({ nodes: [cluster.slave.node.url] });
  expect(client.lastPosition).toBeNull();
  expect(client.leaderUrl).toBe(cluster.master.node.url);
  await client.insert(INSERT);
  expect(client.lastPosition).toBe("1:x");
  expect(pathsOf(cluster.master)).toEqual(["/insert"]);
  expect(pathsOf(cluster.slave)).toEqual([]);
});

test("a write follows the master when it moves while the old one refuses", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  await using client = await connect({ nodes: [master.node.url] });
  for (const actor of [master, slave]) {
    actor.leader = slave.node.url;
    actor.epoch = "2";
  }
  master.data = problem(503, "no-leader");
  await client.insert(INSERT);
  expect(client.lastPosition).toBe("2:x");
  expect(client.leaderUrl).toBe(slave.node.url);
  expect([pathsOf(master), pathsOf(slave)]).toEqual([["/insert"], ["/insert"]]);
});

test("a write follows the master when the old one is gone", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  await using client = await connect({ nodes: [master.node.url] });
  Object.assign(slave, { leader: slave.node.url, epoch: "2" });
  await master[Symbol.asyncDispose]();
  await client.insert(INSERT);
  expect(pathsOf(slave)).toEqual(["/insert"]);
});

for (const random of [() => 0, () => 0.99]) {
  test(`the word of a master that was cut off does not count, whoever is asked first (${random()})`, async () => {
    await using cluster = await openCluster();
    const { master, slave } = cluster;
    Object.assign(slave, { leader: slave.node.url, epoch: "2" });
    await using client = await connect({ nodes: [slave.node.url, master.node.url], random });
    await client.insert(INSERT);
    expect(client.leaderUrl).toBe(slave.node.url);
    expect([pathsOf(master), pathsOf(slave)]).toEqual([[], ["/insert"]]);
  });
}

test("an older epoch than one known before does not count, when it alone answers", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  Object.assign(slave, { leader: slave.node.url, epoch: "2" });
  await using client = await connect({ nodes: [slave.node.url, master.node.url], retryForMs: 1_200 });
  await slave[Symbol.asyncDispose]();
  await expect(client.insert(INSERT)).rejects.toMatchObject({ code: "node-unreachable" });
  expect(pathsOf(master)).toEqual([]);
});

test("a node that does not know the master yet does not hide him", async () => {
  await using cluster = await openCluster();
  cluster.slave.leader = null;
  await using client = await connect({
    nodes: [cluster.slave.node.url, cluster.master.node.url],
    random: () => 0,
  });
  await client.insert(INSERT);
  expect(pathsOf(cluster.master)).toEqual(["/insert"]);
});

test("a position of a newer epoch makes the next write ask who leads", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  await using client = await connect({ nodes: [master.node.url] });
  for (const actor of [master, slave]) Object.assign(actor, { leader: slave.node.url, epoch: "2" });
  await client.insert(INSERT);
  await client.insert(INSERT);
  expect([pathsOf(master), pathsOf(slave)]).toEqual([["/insert"], ["/insert"]]);
});

test("a write whose outcome is unknown is not sent again", async () => {
  await using cluster = await openCluster();
  cluster.master.data = (_request, response) => response.socket?.destroy();
  await using client = await connect({ nodes: [cluster.master.node.url] });
  await expect(client.insert(INSERT)).rejects.toMatchObject({ code: "write-uncertain" });
  expect(pathsOf(cluster.master)).toEqual(["/insert"]);
  expect(pathsOf(cluster.slave)).toEqual([]);
});

for (const code of ["timeout", "ack-timeout", "duplicate-key", "database-unavailable", "internal"]) {
  test(`a write that failed with ${code} is not sent again`, async () => {
    await using cluster = await openCluster();
    cluster.master.data = problem(500, code);
    await using client = await connect({ nodes: [cluster.master.node.url] });
    await expect(client.insert(INSERT)).rejects.toMatchObject({ code });
    expect(pathsOf(cluster.master)).toHaveLength(1);
  });
}

test("a deadlocked statement is sent again, a deadlocked batch is not", async () => {
  await using cluster = await openCluster();
  const { master } = cluster;
  const fine = master.data;
  await using client = await connect({ nodes: [master.node.url] });
  master.data = once(problem(409, "deadlock"), fine);
  await client.insert(INSERT);
  master.data = once(problem(409, "deadlock"), fine);
  await expect(client.batch({ statements: [{ sql: "DO 1" }] })).rejects.toMatchObject({ code: "deadlock" });
  expect(pathsOf(master)).toEqual(["/insert", "/insert", "/batch"]);
});

test("tries end with the last error when time is up", async () => {
  await using cluster = await openCluster();
  cluster.master.data = problem(503, "overloaded");
  await using client = await connect({ nodes: [cluster.master.node.url], retryForMs: 1_200 });
  await expect(client.insert(INSERT)).rejects.toMatchObject({ code: "overloaded" });
  expect(pathsOf(cluster.master).length).toBeGreaterThan(1);
});

test("a caller's signal ends the tries", async () => {
  await using cluster = await openCluster();
  const abort = new AbortController();
  cluster.master.data = (request, response) => {
    problem(503, "overloaded")(request, response);
    setImmediate(() => abort.abort(new Error("enough")));
  };
  await using client = await connect({ nodes: [cluster.master.node.url] });
  await expect(client.insert(INSERT, { signal: abort.signal })).rejects.toThrow("enough");
});

test("a read goes to another node when one is gone or can't answer now, and stays there", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  await using client = await connect({ nodes: [slave.node.url, master.node.url], random: () => 0 });
  expect(await client.query({ sql: "SELECT 1" })).toMatchObject({ node: slave.node.url });
  slave.data = problem(503, "database-unavailable");
  expect(await client.query({ sql: "SELECT 1" })).toMatchObject({ node: master.node.url });
  expect(await client.query({ sql: "SELECT 1" })).toMatchObject({ node: master.node.url });
  expect(pathsOf(slave)).toHaveLength(2);
  master.data = problem(400, "sql-syntax");
  await expect(client.query({ sql: "SELEC" })).rejects.toMatchObject({ code: "sql-syntax" });
});

test("a cluster without a master can be read, and a write waits for one", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  master.leader = null;
  slave.leader = null;
  await using client = await connect({ nodes: [slave.node.url] });
  await client.query({ sql: "SELECT 1" });
  const write = client.insert(INSERT);
  slave.leader = master.node.url;
  await write;
  expect(pathsOf(master)).toContain("/insert");
});

test("connecting where nobody answers says so, and tells a refusal apart", async () => {
  const gone = await closedUrl();
  await expect(connect({ nodes: [gone] })).rejects.toMatchObject({
    code: "node-unreachable",
    message: `no node of the cluster answers: ${gone} refuses connections`,
  });
  await using stranger = await openStandInNode(problem(401, "unauthenticated"));
  await expect(connect({ nodes: [gone, stranger.url] })).rejects.toMatchObject({ code: "unauthenticated" });
  await expect(connect({ nodes: [] })).rejects.toMatchObject({ code: "invalid-request" });
});
