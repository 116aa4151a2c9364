import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { bodiesOf, once, openCluster, pathsOf, problem, type Actor } from "../test/stand-in-cluster.ts";
import { answerJson, type SeenRequest } from "../test/stand-in-node.ts";
import { connect } from "./connect.ts";

const INSERT = { database: "d", table: "t", record: { a: 1 } };

/** Answers writes and reads with positions of its choice. */
function says(positions: { write?: string; read?: string }): Actor["data"] {
  return ({ path }: SeenRequest, response: ServerResponse) => {
    if (path !== "/query" && path !== "/select")
      return answerJson(response, 200, { position: positions.write });
    return answerJson(response, 200, { columns: [], rows: [], rowCount: 0, position: positions.read });
  };
}

const queriesOf = (actor: Actor): unknown[] => bodiesOf(actor, "/query");

/** Reads go to the slave, until it fails. */
async function connectToSlave(cluster: Awaited<ReturnType<typeof openCluster>>, more: object = {}) {
  const { master, slave } = cluster;
  return connect({ nodes: [slave.node.url, master.node.url], random: () => 0, ...more });
}

test("a read asks for what was written and read before", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  master.data = says({ write: "1:u:7" });
  slave.data = says({ read: "1:u:1-8" });
  await using client = await connectToSlave(cluster);
  await client.query("SELECT 1");
  slave.data = says({ read: "1:u:1-9" });
  await client.insert(INSERT);
  await client.query("SELECT 2");
  await client.query("SELECT 3");
  expect(queriesOf(slave)).toEqual([
    { sql: "SELECT 1", after: "0:", waitMs: 1_000 },
    { sql: "SELECT 2", after: "1:u:7", waitMs: 1_000 },
    { sql: "SELECT 3", after: "1:u:1-9", waitMs: 1_000 },
  ]);
  expect(client.position).toBe("1:u:1-9");
  expect(client.lastPosition).toBe("1:u:7");
});

test("what a read says itself is kept", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  master.data = says({ write: "1:u:7", read: "1:u:1-7" });
  slave.data = says({ read: "1:u:1-7" });
  await using client = await connectToSlave(cluster);
  await client.insert(INSERT);
  await client.query("SELECT ?", [1], { after: "1:u:3", waitMs: 9, database: "d" });
  await client.query({ sql: "SELECT 2", consistency: "bounded", maxLagMs: 50 });
  await client.query("SELECT 3", undefined, { consistency: "strong" });
  expect(queriesOf(slave)).toEqual([
    { sql: "SELECT ?", params: [1], database: "d", after: "1:u:3 1:u:7", waitMs: 9 },
    { sql: "SELECT 2", consistency: "bounded", maxLagMs: 50, after: "1:u:1-7", waitMs: 1_000 },
  ]);
  expect(queriesOf(master)).toMatchObject([{ sql: "SELECT 3", consistency: "strong" }]);
});

test("sessions know nothing of each other, but can be carried on", async () => {
  await using cluster = await openCluster();
  cluster.master.data = says({ write: "1:u:7" });
  cluster.slave.data = says({ read: "1:u:1-7" });
  await using client = await connectToSlave(cluster);
  const [one, other] = [client.session(), client.session()];
  await one.insert(INSERT);
  expect([one.position, other.position, client.position]).toEqual(["1:u:7", null, null]);
  expect(client.lastPosition).toBe("1:u:7");
  await other.query("SELECT 1");
  const carried = client.session({ after: one.position });
  await carried.query("SELECT 2");
  expect(queriesOf(cluster.slave)).toEqual([
    { sql: "SELECT 1", after: "0:", waitMs: 1_000 },
    { sql: "SELECT 2", after: "1:u:7", waitMs: 1_000 },
  ]);
});

test("a client can be told to carry nothing", async () => {
  await using cluster = await openCluster();
  cluster.slave.data = says({ read: "1:u:1-7" });
  await using client = await connectToSlave(cluster, { readYourWrites: false });
  await client.insert(INSERT);
  await client.query("SELECT 1");
  expect(queriesOf(cluster.slave)).toEqual([{ sql: "SELECT 1" }]);
  expect(client.position).toBeNull();
  const session = client.session();
  await session.insert(INSERT);
  expect(session.position).toBe("1:x");
});

test("a node that is too far behind is passed over, for the master first", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  master.data = says({ write: "1:u:7", read: "1:u:1-7" });
  slave.data = problem(503, "too-stale");
  await using client = await connectToSlave(cluster);
  await client.insert(INSERT);
  await client.query("SELECT 1");
  await client.query("SELECT 2");
  expect(queriesOf(slave)).toHaveLength(1);
  expect(queriesOf(master)).toHaveLength(2);
});

test("a history that is lost is said once, and then the session goes on without it", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  master.data = says({ write: "1:u:7" });
  slave.data = once(problem(409, "history-lost"), says({ read: "2:v:1-3" }));
  await using client = await connectToSlave(cluster);
  await client.insert(INSERT);
  await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "history-lost" });
  await client.query("SELECT 2");
  expect(queriesOf(slave)[1]).toEqual({ sql: "SELECT 2", after: "0:", waitMs: 1_000 });
});

test("a write that is committed but not confirmed is seen by the session all the same", async () => {
  await using cluster = await openCluster();
  const { master } = cluster;
  master.data = (_request, response) =>
    answerJson(response, 504, { code: "ack-timeout", detail: "d", position: "1:u:7", committed: true });
  await using client = await connectToSlave(cluster);
  await expect(client.insert(INSERT)).rejects.toMatchObject({ code: "ack-timeout", position: "1:u:7" });
  expect(client.position).toBe("1:u:7");
});

test("tables are looked up at the master once something was written", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  const tables: Actor["data"] = ({ method }, response) =>
    answerJson(response, 200, method === "GET" ? { tables: [] } : { position: "1:u:7" });
  master.data = tables;
  slave.data = tables;
  await using client = await connectToSlave(cluster);
  await client.tables("d");
  await client.insert(INSERT);
  await client.tables("d");
  expect([pathsOf(slave), pathsOf(master)]).toEqual([
    ["/databases/d/tables"],
    ["/insert", "/databases/d/tables"],
  ]);
});

test("rows are streamed after the session's writes, from another node where one is gone", async () => {
  await using cluster = await openCluster();
  const { master, slave } = cluster;
  master.data = ({ path }, response) => {
    if (path !== "/query") return answerJson(response, 200, { position: "1:u:7" });
    const columns = [{ name: "id", type: "INT", nullable: false }];
    const lines = [{ columns, position: "1:u:1-8", node: "m" }, [1], [2], { rowCount: 2 }];
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    return void response.end(lines.map((line) => JSON.stringify(line)).join("\n"));
  };
  await using client = await connectToSlave(cluster);
  await client.insert(INSERT);
  await slave[Symbol.asyncDispose]();
  const ids: number[] = [];
  for await (const { id } of client.rows<{ id: number }>("SELECT id FROM d.t WHERE id > ?", [0]))
    ids.push(id);
  expect(ids).toEqual([1, 2]);
  expect(queriesOf(master)).toMatchObject([{ after: "1:u:7", params: [0] }]);
  expect(client.position).toBe("1:u:1-8");
  await using stream = await client.stream<[number]>({ sql: "SELECT id FROM d.t", rows: "arrays" });
  expect(stream.columns).toHaveLength(1);
  expect(await Array.fromAsync(stream)).toEqual([[1], [2]]);
});
