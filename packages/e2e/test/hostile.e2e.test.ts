// Thousands of hostile requests, deliveries and handshakes: no crash, no answer without a code, and nothing that stays behind.
import { seededRandom } from "@understudy/kernel";
import { testFlavours } from "@understudy/database-server";
import { HEADERS } from "@understudy/protocol";
import { openTestAuthority } from "@understudy/tls/test-authority";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { serverPosition } from "../src/server-position.ts";
import { holdHalfOpen, renegotiate, sendHostile, type HostileOptions } from "./hostile-load.ts";
import { createLivingHeap, type LivingHeap } from "./living-heap.ts";
import { holdingsOf, type Holdings } from "./living-process.ts";
import { errorsInLog } from "./unharmed.ts";

const [flavour = "mariadb"] = testFlavours();
const WARM_UP = 1000;
const ATTACKS = 2000;
const HALF_OPEN = 60;
/** A request that is kept is some kilobytes with its headers, answer and socket. After a few collections all else differs by less. */
const LEAK_BYTES_PER_ATTACK = 2048;
/** Connections come and go by themselves: pools, other nodes. One that is kept of a hundred attacks would be 10 at each node. */
const CONNECTIONS_MORE = 8;

const stack = new AsyncDisposableStack();
let cluster: Cluster;
let heap: LivingHeap;
let targets: readonly HostileOptions[];
let pids: readonly (number | null)[];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "understudy-hostile-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const authority = stack.use(await openTestAuthority());
  heap = await createLivingHeap(folder, "SIGWINCH");
  cluster = stack.use(
    await startCluster({ flavour, slaves: 1, authority, environment: heap.environment, logLevel: "info" }),
  );
  const { master } = cluster;
  await master.post("/createdb", { name: "shop" });
  await master.post("/createtable", {
    database: "shop",
    table: "matrix",
    columns: "id INT PRIMARY KEY, word VARCHAR(9)",
  });
  await cluster.waitForSync();
  const { cert, key } = await authority.issue("hostile");
  const delivery = await deliveryTo(cluster.firstSlave);
  const random = seededRandom(20_261_126);
  targets = cluster.nodes.map((node) => ({ node, random, tls: { ca: authority.ca, cert, key }, delivery }));
  pids = cluster.nodes.map(({ pid }) => pid);
});

afterAll(() => stack.disposeAsync());

/** The master's binlog as it is, which the slave has: whatever is whole of it changes nothing. */
async function deliveryTo(slave: ClusterNode): Promise<HostileOptions["delivery"]> {
  const { dataDirectory } = cluster.master.database;
  const [file = ""] = (await readdir(dataDirectory)).filter((name) => /^binlog\.\d+$/.test(name)).toSorted();
  const { body } = await slave.get("/ping");
  const position = await serverPosition(flavour, slave);
  return {
    body: await readFile(join(dataDirectory, file)),
    headers: {
      [HEADERS.cluster]: String(body["clusterId"]),
      [HEADERS.epoch]: String(body["epoch"]),
      [HEADERS.sender]: cluster.master.nodeId,
      [HEADERS.after]: position,
      [HEADERS.flavour]: flavour,
      [HEADERS.serverVersion]: cluster.master.database.version,
      [HEADERS.masterPosition]: position,
    },
  };
}

async function attack(count: number): Promise<void> {
  const answers = await Promise.all(targets.map((options) => sendHostile(options, count / targets.length)));
  for (const { status, code, what } of answers.flat()) {
    if (status < 400) continue;
    expect(code, what).not.toBeNull();
    expect(code, what).not.toBe("internal");
  }
}

async function holdings(): Promise<Holdings[]> {
  const all: Holdings[] = [];
  // one after the other, since they answer into one file
  for (const node of cluster.nodes) all.push(await holdingsOf(node, heap));
  return all;
}

it("leaves nothing behind of thousands of hostile requests, deliveries and handshakes", async () => {
  await attack(WARM_UP);
  const before = await holdings();
  const halfOpen = Promise.all(cluster.nodes.map((node) => holdHalfOpen(node, HALF_OPEN)));
  await attack(ATTACKS);
  await halfOpen;
  // sockets are closed a moment after their end, and abandoned transactions when they have idled
  await vi.waitFor(
    async () => {
      const after = await holdings();
      for (const [index, now] of after.entries()) {
        const was = before[index];
        const told = JSON.stringify({ node: cluster.nodes[index]?.nodeId, was, now });
        expect(now.descriptors, told).toBeLessThanOrEqual((was?.descriptors ?? 0) + CONNECTIONS_MORE);
        expect(now.databaseConnections, told).toBeLessThanOrEqual(
          (was?.databaseConnections ?? 0) + CONNECTIONS_MORE,
        );
        const bytesMore = (ATTACKS / targets.length) * LEAK_BYTES_PER_ATTACK;
        expect(now.heapBytes, told).toBeLessThan((was?.heapBytes ?? 0) + bytesMore);
      }
    },
    { timeout: 60_000, interval: 500 },
  );
}, 300_000);

it("lets a client change a connection's keys a few times only", async () => {
  for (const { node, tls } of targets) expect(await renegotiate(node, tls, 50)).toBeLessThan(10);
});

it("goes on as before: the same processes, no defect in their logs, and a write that reaches all", async () => {
  expect(cluster.nodes.map(({ pid }) => pid)).toEqual(pids);
  for (const node of cluster.nodes) expect(await errorsInLog(node)).toEqual([]);
  await cluster.master.post("/createdb", { name: "shop" });
  const sql = "CREATE TABLE shop.after_all (id INT PRIMARY KEY)";
  expect((await cluster.firstSlave.post("/execute", { sql, ack: "all" })).status).toBe(200);
  await cluster.waitUntilReplicating();
});
