// A master goes on committing what no slave gets, and is replaced. When it is back, what only it has is kept in its quarantine, whole; it
// follows, and a person looks at it, applies it once, or discards it, from whichever node.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { QuarantineEntry, QuarantineReport, QuarantinedTransaction } from "@understudy/protocol";
import {
  checksumsOf,
  expectAllEqual,
  rowsOf,
  startCluster,
  type Cluster,
  type ClusterNode,
} from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import {
  expectNotServing,
  loseWrites,
  PATIENCE_MS,
  pileUp,
  untilJob,
  untilRestoring,
} from "./rejoin-steps.ts";
import { addItem, openShop } from "./shop.ts";

const STEP_MS = 120_000;
/** Enough that the new master, too, comes to the numbers that the old one has used. */
const LOST = 8;
const PILE_MEGABYTES = 12;

/** All entries that hold writes of clients, as a node tells of them. */
async function entriesAt(node: ClusterNode): Promise<QuarantineEntry[]> {
  const answer = await node.get("/cluster/quarantine");
  expect(answer, answer.text).toMatchObject({ status: 200, body: { unreachable: [] } });
  const entries = answer.body["entries"] as QuarantineEntry[];
  return entries.filter(({ manifest }) => manifest.clientTransactionCount > 0);
}

for (const flavour of testFlavours()) {
  describe(`a master that comes back with writes of its own on ${flavour}`, () => {
    let cluster: Cluster;
    let old: ClusterNode;
    let leader: ClusterNode;
    let other: ClusterNode;
    let lost: string[] = [];
    let id = "";

    const itemsOn = async (node: ClusterNode, from: number): Promise<number[]> => {
      const rows = await rowsOf(node, "SELECT id FROM shop.item WHERE id >= ? ORDER BY id", [from]);
      return rows.map((row) => Number(row["id"]));
    };

    async function written(node: ClusterNode, items: readonly number[]): Promise<string[]> {
      const positions: string[] = [];
      for (const item of items) {
        const answer = await addItem(node, item);
        expect(answer.status, answer.text).toBe(201);
        positions.push(String(answer.body["position"]).replace(/^\d+:/, ""));
      }
      return positions;
    }

    async function apply(node: ClusterNode, mode: "check" | "apply"): Promise<QuarantineReport> {
      const answer = await node.post(`/cluster/quarantine/${id}/apply`, { mode });
      expect(answer.status, answer.text).toBe(200);
      return answer.body as unknown as QuarantineReport;
    }

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2 });
      const [second, third] = cluster.slaves;
      if (!second || !third) throw new Error("two slaves were asked for");
      old = cluster.master;
      leader = second;
      other = third;
      await openShop(old);
      await pileUp(old, PILE_MEGABYTES);
      await cluster.waitForSync(PATIENCE_MS);
      lost = await loseWrites(cluster, { master: old, successor: leader }, async () => {
        const inserted = await written(
          old,
          Array.from({ length: LOST }, (_, index) => 100 + index),
        );
        const answers = [
          await old.post("/execute", { sql: "UPDATE shop.item SET price = 7 WHERE id = 1" }),
          await old.post("/execute", { sql: "DELETE FROM shop.item WHERE id = 3" }),
        ];
        return [...inserted, ...answers.map(({ body }) => String(body["position"]).replace(/^\d+:/, ""))];
      });
      await written(
        leader,
        Array.from({ length: 2 * LOST }, (_, index) => 500 + index),
      );
    }, STEP_MS);

    afterAll(async () => cluster[Symbol.asyncDispose]());

    it(
      "starts over with its copy though it is killed in the midst, leads nothing meanwhile, and follows",
      async () => {
        await old.start();
        await untilRestoring(old);
        await old.killHard();
        await old.start();
        await expectNotServing(old);
        await untilJob(old, ({ state }) => state === "done");
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(leader.nodeId);
        await expectAllEqual(cluster, leader);
        for (const node of cluster.nodes) expect(await itemsOn(node, 100), node.nodeId).not.toContain(100);
      },
      STEP_MS,
    );

    it("has every one of them in quarantine, once, whichever node is asked", async () => {
      for (const node of cluster.nodes) {
        const [entry, ...more] = await entriesAt(node);
        expect(more).toEqual([]);
        id = String(entry?.manifest.id);
        expect(entry).toMatchObject({
          state: "open",
          manifest: { node: old.nodeId, clientTransactionCount: LOST + 2, flavour },
        });
        const { body } = await node.get(`/cluster/quarantine/${id}`);
        const transactions = body["transactions"] as QuarantinedTransaction[];
        const ids = transactions.map(({ gtid }) => gtid);
        for (const gtid of lost) expect(ids, node.nodeId).toContain(gtid);
        const listing = await node.get(`/cluster/quarantine/${id}/listing`);
        expect(listing.status).toBe(200);
        for (const gtid of lost) expect(listing.text, node.nodeId).toContain(gtid);
        expect(listing.text).toContain("item 100");
      }
      expectProblem(await other.get("/cluster/quarantine/20260101T000000000Z-1"), "404 not-found");
    });

    it("is checked without a trace, with and without a conflict", async () => {
      const before = await checksumsOf(leader);
      expect(await apply(other, "check")).toMatchObject({ mode: "check", applied: LOST + 2, conflicts: 0 });
      expect(await checksumsOf(leader)).toEqual(before);
      expect((await addItem(leader, 101)).status).toBe(201);
      const report = await apply(old, "check");
      expect(report).toMatchObject({ conflicts: 1, applied: 1 });
      expect(report.outcomes.find(({ outcome }) => outcome === "conflict")?.conflict).toMatchObject({
        kind: "already-there",
        table: "shop.item",
      });
      const removed = await leader.post("/execute", { sql: "DELETE FROM shop.item WHERE id = 101" });
      expect(removed.status).toBe(200);
      expect(await checksumsOf(leader)).toEqual(before);
      expect((await entriesAt(leader))[0]?.state).toBe("open");
    });

    it("is applied once, however often it is asked for", async () => {
      expect(await apply(other, "apply")).toMatchObject({ mode: "apply", applied: LOST + 2, conflicts: 0 });
      expect(await apply(leader, "apply")).toMatchObject({ applied: 0, conflicts: 0, skipped: LOST + 2 });
      await expectAllEqual(cluster, leader);
      const wanted = Array.from({ length: LOST }, (_, index) => 100 + index);
      for (const node of cluster.nodes) {
        expect((await itemsOn(node, 100)).slice(0, LOST), node.nodeId).toEqual(wanted);
        const [one] = await rowsOf(node, "SELECT price + 0 AS price FROM shop.item WHERE id = 1");
        expect(Number(one?.["price"])).toBe(7);
        expect(await rowsOf(node, "SELECT id FROM shop.item WHERE id = 3")).toEqual([]);
        expect((await entriesAt(node))[0]?.state).toBe("applied");
      }
    });

    it(
      "may lose more, which is discarded for a reason, and then can't be applied",
      async () => {
        await loseWrites(cluster, { master: leader, successor: other }, () => written(leader, [900]));
        await written(other, [901, 902, 903, 904]);
        await leader.start();
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(other.nodeId);
        await untilJob(leader, ({ state }) => state === "done");
        const entry = (await entriesAt(old)).find(({ state }) => state === "open");
        expect(entry?.manifest).toMatchObject({ node: leader.nodeId, clientTransactionCount: 1 });
        id = String(entry?.manifest.id);
        const path = `/cluster/quarantine/${id}`;
        expectProblem(await old.post(`${path}/discard`, {}), "400 invalid-request");
        const discarded = await old.post(`${path}/discard`, { reason: "a test order" });
        expect(discarded, discarded.text).toMatchObject({
          status: 200,
          body: { state: "discarded", discarded: { reason: "a test order" } },
        });
        const refused = await other.post(`${path}/apply`, { mode: "apply" });
        expect(refused.body["code"], refused.text).toBe("quarantine-closed");
        await expectAllEqual(cluster, other);
        expect(await itemsOn(other, 900)).toEqual([901, 902, 903, 904]);
      },
      STEP_MS,
    );
  });
}
