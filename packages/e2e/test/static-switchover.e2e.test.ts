// Without etcd, too, a lead is handed over: no write fails, a failure before it leaves all as it was, and where its end is not known nobody
// leads before it is.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import {
  expectAllEqual,
  ledgerFaults,
  startCluster,
  startLedgerWorkload,
  type Answer,
  type Cluster,
  type ClusterNode,
} from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { PATIENCE_MS, untilJob } from "./rejoin-steps.ts";

const STEP_MS = 240_000;
const WRITES = 30;

/** How a switchover to `to`, asked of `asked`, has ended at the node that led. */
async function switchOver(leader: ClusterNode, asked: ClusterNode, to: string): Promise<string> {
  const begun = await asked.post("/cluster/switchover", { to });
  expect(begun.status, begun.text).toBe(202);
  const job = await untilJob(leader, ({ id, state }) => id === begun.body["id"] && state !== "running");
  return `${job.state} ${job.error ?? ""}`.trim();
}

async function restartAll(nodes: readonly ClusterNode[]): Promise<void> {
  for (const node of nodes) await node.stop();
  await Promise.all(nodes.map((node) => node.start()));
}

async function insert(node: ClusterNode, id: number): Promise<Answer> {
  return node.post("/execute", { sql: `INSERT INTO shop.t VALUES (${id})`, ack: 1 });
}

async function openShop(cluster: Cluster): Promise<void> {
  await cluster.master.post("/createdb", { name: "shop" });
  await cluster.master.post("/execute", { sql: "CREATE TABLE shop.t (id INT PRIMARY KEY)", ack: "all" });
}

for (const flavour of testFlavours()) {
  describe(`a switchover without etcd on ${flavour}`, () => {
    it(
      "fails no write and loses none, and is remembered over restarts of all",
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 2 });
        const [old, target, other] = cluster.nodes;
        if (!old || !target || !other) throw new Error("three nodes were asked for");
        await using workload = await startLedgerWorkload(old, cluster.nodes);
        await workload.confirms(WRITES, PATIENCE_MS);
        expect(await switchOver(old, other, target.nodeId)).toBe("done");
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(target.nodeId);
        await workload.confirms(WRITES, PATIENCE_MS);
        const ledger = await workload.stop();
        expect([...ledger.refused, ...ledger.uncertain]).toEqual([]);
        await expectAllEqual(cluster, target);
        for (const node of cluster.nodes) expect(await ledgerFaults(node, ledger)).toEqual([]);

        await restartAll(cluster.nodes);
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(target.nodeId);
        // the old one alone, too
        await old.stop();
        await old.start();
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(target.nodeId);
        expect((await target.get("/ping")).body["epoch"]).toBe("2");
        await expectAllEqual(cluster, target);
      },
      STEP_MS,
    );

    it(
      "leaves the old master going on where the target can't take the lead",
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 2 });
        const [old, target, other] = cluster.nodes;
        if (!old || !target || !other) throw new Error("three nodes were asked for");
        await openShop(cluster);
        await target.freeze();
        expect(await switchOver(old, old, target.nodeId)).toMatch(
          /^failed node2 (does not answer|did not catch up)/,
        );
        expect((await insert(other, 1)).status).toBe(200);
        target.thaw();
        expectProblem(await old.post("/cluster/switchover", { to: old.nodeId }), "409 promotion-blocked");
        expect(await switchOver(old, old, "nobody")).toContain("nobody");
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(old.nodeId);
        expect((await insert(target, 2)).status).toBe(200);
        expect((await old.get("/ping")).body["epoch"]).toBe("1");
      },
      STEP_MS,
    );
  });
}
