// A server whose binlog is damaged in the midst (MariaDB may do that itself, when its disk is full) commits on, but nothing of it can reach
// a slave. It must not keep the lead where another node can have it, and comes back by itself; where none can, it goes on behind the damage.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { Flavour } from "@understudy/protocol";
import { expectAllEqual, rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { inSync } from "./in-sync.ts";
import { PATIENCE_MS, restart, untilJob } from "./rejoin-steps.ts";

const STEP_MS = 180_000;
const ROWS = 100;
const ROW_BYTES = 1000;
/** More than one event, so that where the next one begins can't be found. */
const DAMAGED_BYTES = 8 * ROW_BYTES;

/** Overwrites a piece in the midst of what stands in the binlog that a server writes to. */
async function damageBinlog(node: ClusterNode, flavour: Flavour): Promise<void> {
  const statement = flavour === "mysql" ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
  const [status] = await rowsOf(node, statement);
  const path = join(node.database.dataDirectory, String(status?.["File"]));
  await using file = await open(path, "r+");
  await file.write(
    Buffer.alloc(DAMAGED_BYTES, 0xa5),
    0,
    DAMAGED_BYTES,
    Math.floor(Number(status?.["Position"]) / 2),
  );
}

/** Statuses of inserts of a kilobyte each into `shop.t`. */
async function insert(node: ClusterNode, id: number, ack: string): Promise<number> {
  const record = { id, note: "x".repeat(ROW_BYTES) };
  return (await node.post("/insert", { database: "shop", table: "t", record, ack })).status;
}

async function openShop(cluster: Cluster): Promise<void> {
  const { master } = cluster;
  expect((await master.post("/createdb", { name: "shop" })).status).toBe(201);
  const sql = "CREATE TABLE shop.t (id INT PRIMARY KEY, note TEXT)";
  expect((await master.post("/execute", { sql })).status).toBe(200);
  for (let id = 1; id <= ROWS; id++) expect(await insert(master, id, "async")).toBe(201);
  await cluster.waitForSync(PATIENCE_MS);
}

for (const flavour of testFlavours()) {
  describe(`a damaged binlog on ${flavour}`, () => {
    it("costs its server the lead, and no confirmed write", { timeout: STEP_MS }, async () => {
      await using cluster = await startCluster({ flavour, slaves: 2, etcd: 1 });
      const { master } = cluster;
      const [damaged] = cluster.slaves;
      if (!damaged) throw new Error("two slaves were asked for");
      await openShop(cluster);
      await damageBinlog(damaged, flavour);
      await expect.poll(() => inSync(cluster), { timeout: PATIENCE_MS }).toContain(damaged.nodeId);
      expect((await master.post("/cluster/switchover", { to: damaged.nodeId })).status).toBe(202);
      const { state, error } = await untilJob(master, (job) => job.state !== "running");
      expect([state, error]).toEqual(["done", null]);
      const isConfirmed = async (): Promise<number> => insert(master, ROWS + 1, "majority");
      await expect.poll(isConfirmed, { timeout: PATIENCE_MS }).toBe(201);
      const { body } = await master.get("/cluster");
      expect(body).not.toMatchObject({ leader: { nodeId: damaged.nodeId } });
      expect((await damaged.get("/cluster/events")).text).toContain("its binlog can't be read behind");
      // what it had alone is kept, and it has a copy
      const leader = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
      await expectAllEqual(cluster, leader);
      expect((await damaged.get("/cluster/quarantine")).body["entries"]).toMatchObject([{ manifest: {} }]);
    });

    it("is left behind in a new file where nobody else can lead", { timeout: STEP_MS }, async () => {
      await using cluster = await startCluster({ flavour, slaves: 1 });
      const { master } = cluster;
      await openShop(cluster);
      await damageBinlog(master, flavour);
      // what it still has in memory brings its slave on
      await restart(master);
      expect(await insert(master, ROWS + 1, "async")).toBe(201);
      const told = async (): Promise<string> => (await master.get("/cluster/events")).text;
      await expect.poll(told, { timeout: PATIENCE_MS }).toContain("in a new file");
      await cluster.waitUntilReplicating(PATIENCE_MS);
      expect(await insert(master, ROWS + 2, "majority")).toBe(201);
      await expectAllEqual(cluster);
    });
  });
}
