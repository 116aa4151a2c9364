import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { bodiesOf, once, openCluster, pathsOf, problem, type Actor } from "../test/stand-in-cluster.ts";
import { closedUrl, openStandInNode } from "../test/stand-in-node.ts";
import { connect } from "./connect.ts";

const keysOf = (actor: Actor): unknown[] =>
  actor.node.seen.filter((one) => one.path !== "/cluster").map((one) => one.headers["idempotency-key"]);
const INSERT = { database: "d", table: "t", record: { a: 1 } };

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
  await using client = await connect({ nodes: [slave.node.url, master.node.url], retryForMs: 1_500 });
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

for (const code of ["starting", "database-unavailable", "deadlock", "forbidden", "timeout"]) {
  test(`a write of which one try may have been carried out is not told to be refused, when the last one is with ${code}`, async () => {
    await using cluster = await openCluster();
    const { master } = cluster;
    await using client = await connect({ nodes: [master.node.url], retryForMs: 1_500 });
    master.data = once(problem(502, "write-uncertain"), problem(503, code));
    await expect(client.insert(INSERT, { idempotencyKey: "order-7" })).rejects.toMatchObject({
      code: "write-uncertain",
      details: { idempotencyKey: "order-7" },
      cause: { code },
    });
    expect(keysOf(master).length).toBeGreaterThan(1);
  });
}

test("a later try that looked the key up settles what became of the earlier ones", async () => {
  await using cluster = await openCluster();
  const { master } = cluster;
  await using client = await connect({ nodes: [master.node.url] });
  master.data = once(problem(502, "write-uncertain"), problem(409, "duplicate-key"));
  await expect(client.insert(INSERT)).rejects.toMatchObject({ code: "duplicate-key" });
});

test("a write that no try has carried out is told as it failed last", async () => {
  await using cluster = await openCluster();
  const { master } = cluster;
  await using client = await connect({ nodes: [master.node.url], retryForMs: 1_500 });
  master.data = problem(503, "starting");
  await expect(client.insert(INSERT)).rejects.toMatchObject({ code: "starting" });
});

test("a write whose outcome is unknown is sent again under the same key, to whoever leads now", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  master.data = (_request, response) => {
    for (const actor of [master, slave]) Object.assign(actor, { leader: slave.node.url, epoch: "2" });
    response.socket?.destroy();
  };
  await using client = await connect({ nodes: [master.node.url] });
  expect(await client.insert(INSERT)).toEqual({ position: "2:x" });
  expect([pathsOf(master), pathsOf(slave)]).toEqual([["/insert"], ["/insert"]]);
  expect(keysOf(master)).toEqual(keysOf(slave));
  expect(keysOf(master)[0]).toMatch(/^[\w-]{20,}$/);
});

test("each write has a key of its own, unless the caller names one", async () => {
  await using cluster = await openCluster();
  await using client = await connect({ nodes: [cluster.master.node.url] });
  await client.insert(INSERT);
  await client.insert(INSERT);
  await client.insert(INSERT, { idempotencyKey: "order-7" });
  await client.insert(INSERT, { headers: { "Idempotency-Key": "order-8" } });
  const [first, second, ...named] = keysOf(cluster.master);
  expect(first).not.toBe(second);
  expect(named).toEqual(["order-7", "order-8"]);
});

test("a write without a key is not sent again when its outcome is unknown", async () => {
  await using cluster = await openCluster();
  cluster.master.data = (_request, response) => response.socket?.destroy();
  await using client = await connect({ nodes: [cluster.master.node.url], idempotent: false });
  await expect(client.insert(INSERT)).rejects.toMatchObject({ code: "write-uncertain" });
  await using other = await connect({ nodes: [cluster.master.node.url] });
  await expect(other.insert(INSERT, { idempotent: false })).rejects.toMatchObject({
    code: "write-uncertain",
  });
  expect(keysOf(cluster.master)).toEqual([undefined, undefined]);
  expect(pathsOf(cluster.slave)).toEqual([]);
});

for (const code of [
  "timeout",
  "ack-timeout",
  "duplicate-key",
  "idempotency-unresolved",
  "idempotency-mismatch",
  "internal",
]) {
  test(`a write that failed with ${code} is not sent again`, async () => {
    await using cluster = await openCluster();
    cluster.master.data = problem(500, code);
    await using client = await connect({ nodes: [cluster.master.node.url] });
    await expect(client.insert(INSERT)).rejects.toMatchObject({ code });
    expect(pathsOf(cluster.master)).toHaveLength(1);
  });
}

for (const code of ["deadlock", "overloaded", "starting", "database-unavailable", "no-leader"]) {
  test(`a statement or a batch that failed with ${code} is sent again under its key`, async () => {
    await using cluster = await openCluster();
    const { master } = cluster;
    const fine = master.data;
    await using client = await connect({ nodes: [master.node.url] });
    master.data = once(problem(503, code), fine);
    await client.insert(INSERT);
    master.data = once(problem(503, code), fine);
    await client.batch({ statements: [{ sql: "DO 1" }] });
    expect(pathsOf(master)).toEqual(["/insert", "/insert", "/batch", "/batch"]);
    const keys = keysOf(master);
    expect([keys[0], keys[2]]).toEqual([keys[1], keys[3]]);
    expect(keys[0]).not.toBe(keys[2]);
  });
}

test("a write reaches a master that only other nodes can reach", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  const hidden = await closedUrl();
  for (const actor of [master, slave]) Object.assign(actor, { leader: hidden, members: [hidden] });
  await using client = await connect({ nodes: [slave.node.url] });
  await client.insert(INSERT);
  await client.insert(INSERT);
  expect(pathsOf(slave)).toEqual(["/insert", "/insert"]);
});

test("the time of a call is for all of its tries", async () => {
  await using cluster = await openCluster();
  cluster.master.data = problem(503, "overloaded");
  await using client = await connect({ nodes: [cluster.master.node.url] });
  const startMs = performance.now();
  await expect(client.insert(INSERT, { timeoutMs: 1_300 })).rejects.toMatchObject({ code: "overloaded" });
  expect(performance.now() - startMs).toBeLessThan(8_000);
  cluster.master.data = () => undefined;
  await expect(client.insert(INSERT, { timeoutMs: 500 })).rejects.toMatchObject({ code: "write-uncertain" });
});

test("acks are asked for as the client was told, unless the request says otherwise", async () => {
  await using cluster = await openCluster();
  const { master } = cluster;
  await using client = await connect({ nodes: [master.node.url], ack: "majority", ackTimeoutMs: 700 });
  await client.insert(INSERT);
  await client.insert({ ...INSERT, ack: "async" });
  expect(bodiesOf(master, "/insert")).toEqual([
    { ...INSERT, ack: "majority", ackTimeoutMs: 700 },
    { ...INSERT, ack: "async", ackTimeoutMs: 700 },
  ]);
});

test("a client that was given one node goes on when that one dies", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  await using client = await connect({ nodes: [slave.node.url] });
  await slave[Symbol.asyncDispose]();
  expect(await client.query("SELECT 1")).toMatchObject({ node: master.node.url });
  await client.insert(INSERT);
});

test("the map is brought up to date in the background, when it is used after a while", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  const clock = new VirtualClock();
  await using client = await connect({ nodes: [master.node.url], clock });
  const asked = (): number => master.node.seen.filter((one) => one.path === "/cluster").length;
  await client.insert(INSERT);
  expect(asked()).toBe(1);
  for (const actor of [master, slave]) Object.assign(actor, { leader: slave.node.url, epoch: "2" });
  await clock.advance(10_000);
  await client.query("SELECT 1");
  await expect.poll(() => client.leaderUrl).toBe(slave.node.url);
});

test("tries end with the last error when time is up", async () => {
  await using cluster = await openCluster();
  cluster.master.data = problem(503, "overloaded");
  await using client = await connect({ nodes: [cluster.master.node.url], retryForMs: 1_500 });
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
