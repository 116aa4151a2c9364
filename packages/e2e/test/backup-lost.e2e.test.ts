// A backup may hold what the cluster has lost since: its slave had it, and whoever leads now has not. A node that comes back from it joins as
// it should, and nothing of that comes into the living history, though the numbers have been used again by the same server.
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { QuarantineEntry } from "@understudy/protocol";
import { request } from "undici";
import { expectAllEqual, rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { waitForPosition } from "../src/wait-for-position.ts";
import { expectProblem } from "./expect-problem.ts";
import { openNewcomer, type Newcomer } from "./newcomer.ts";
import { expectNotServing, PATIENCE_MS, untilJob } from "./rejoin-steps.ts";
import { runRestore } from "./restore-program.ts";
import { addItem, openShop } from "./shop.ts";

const STEP_MS = 180_000;
const LOST = [100, 101, 102, 103];
/** More than were lost, so that each number is used again. */
const LATER = Array.from({ length: 3 * LOST.length }, (_, index) => 500 + index);
const AGAIN = LATER.map((id) => id + 100);

const itemsOn = async (node: Pick<ClusterNode, "nodeId" | "database">): Promise<number[]> => {
  const rows = await rowsOf(node, "SELECT id FROM shop.item WHERE id >= 100 ORDER BY id");
  return rows.map((row) => Number(row["id"]));
};

async function addItems(node: ClusterNode, ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    const answer = await addItem(node, id);
    expect(answer.status, answer.text).toBe(201);
  }
}

async function copiesOf(asked: ClusterNode, nodeId: string): Promise<QuarantineEntry[]> {
  const { body, text } = await asked.get("/cluster/quarantine");
  expect(body["unreachable"], text).toEqual([]);
  const entries = body["entries"] as QuarantineEntry[];
  return entries.filter(({ manifest }) => manifest.node === nodeId && manifest.kind === "whole-copy");
}

for (const flavour of testFlavours()) {
  describe(`a backup that holds lost transactions on ${flavour}`, () => {
    const owned = new AsyncDisposableStack();
    let cluster: Cluster;
    let first: ClusterNode;
    let holder: ClusterNode;
    let successor: ClusterNode;
    let newcomer: Newcomer;
    let file: string;

    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), "understudy-backup-"));
      owned.defer(() => rm(folder, { recursive: true, force: true }));
      file = join(folder, "lost.understudy");
      cluster = owned.use(await startCluster({ flavour, slaves: 2 }));
      newcomer = owned.use(await openNewcomer(flavour));
      const [second, third] = cluster.slaves;
      if (!second || !third) throw new Error("two slaves were asked for");
      [first, holder, successor] = [cluster.master, second, third];
      await openShop(first);
      await cluster.waitForSync(PATIENCE_MS);
      expect((await first.post(`/cluster/nodes/${successor.nodeId}/pause`, {})).status).toBe(200);
      await addItems(first, LOST);
      await waitForPosition(flavour, { from: first, on: [holder], timeoutMs: PATIENCE_MS });
      await pipeline((await request(`${holder.url}/backup`)).body, createWriteStream(file));
      await Promise.all([first.killHard(), holder.killHard()]);
      const forced = await successor.post("/cluster/failover", { acceptLoss: true });
      expect(forced, forced.text).toMatchObject({ status: 200, body: { leader: successor.nodeId } });
      await addItems(successor, LATER);
      // the first one leads again, and its server gives out the same numbers as before
      await first.start();
      await untilJob(first, ({ state }) => state === "done");
      // one that has acked something is known to follow
      const acked = { sql: "UPDATE shop.item SET price = 2 WHERE id = 1", ack: 1, ackTimeoutMs: PATIENCE_MS };
      const confirmed = await successor.post("/execute", acked, { timeoutMs: PATIENCE_MS });
      expect(confirmed.status, confirmed.text).toBe(200);
      const begun = await successor.post("/cluster/switchover", { to: first.nodeId });
      expect(begun.status, begun.text).toBe(202);
      const ended = await untilJob(
        successor,
        ({ id, state }) => id === begun.body["id"] && state !== "running",
      );
      expect(ended, JSON.stringify(ended)).toMatchObject({ state: "done" });
      await addItems(first, AGAIN);
    }, STEP_MS);

    afterAll(() => owned.disposeAsync());

    async function restore(environment: Readonly<Record<string, string>>): Promise<void> {
      const args = ["--file", file, "--rejoin", "--replace-all-data"];
      const ended = await runRestore(args, { app: "slave", environment });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
    }

    it(
      "makes its node a part of the cluster all the same, and all that it held is kept",
      async () => {
        await restore({
          UNDERSTUDY_DATABASE_URL: holder.database.url,
          UNDERSTUDY_DATA_DIR: join(dirname(holder.logFile), "node"),
          UNDERSTUDY_MASTER_URL: first.url,
        });
        expect(await itemsOn(holder)).toEqual(LOST);
        await holder.start();
        const job = await untilJob(holder, ({ state }) => state !== "running");
        expect(job, JSON.stringify(job)).toMatchObject({ kind: "rebuild", state: "done" });
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(first.nodeId);
        await expectAllEqual(cluster, first);
        for (const node of cluster.nodes)
          expect(await itemsOn(node), node.nodeId).toEqual([...LATER, ...AGAIN]);
        const [entry, ...more] = await copiesOf(first, holder.nodeId);
        expect(more).toEqual([]);
        expect(entry).toMatchObject({ state: "open", manifest: { flavour } });
        expect(entry?.manifest.wholeCopy?.errant).toMatch(/\d/);
      },
      STEP_MS,
    );

    it(
      "is neither read nor given on where a person wants to be asked, also when no master is left to say so",
      async () => {
        const own = { nodeId: "node4", database: newcomer.database };
        const settings = { UNDERSTUDY_MASTER_URL: first.url, UNDERSTUDY_REJOIN: "refuse" };
        await restore({ ...newcomer.environment, ...settings });
        let node = await newcomer.start(settings);
        const reason = async (): Promise<string> => (await node.get("/cluster")).text;
        await expect.poll(reason, { timeout: PATIENCE_MS }).toContain("UNDERSTUDY_REJOIN=refuse");
        await expectNotServing(node);
        expectProblem(await node.get("/backup"), "503 starting");
        await first.killHard();
        await expect.poll(reason, { timeout: PATIENCE_MS }).toContain("can't register with the master");
        await expectNotServing(node);
        expectProblem(await node.get("/backup"), "503 starting");
        node = await newcomer.start(settings);
        await expectNotServing(node);
        expect(await itemsOn(own)).toEqual(LOST);
        await first.start();
        await cluster.waitUntilReplicating(PATIENCE_MS);
        expect((await node.post("/cluster/nodes/node4/rebuild", {})).status).toBe(202);
        await untilJob(node, ({ state }) => state === "done");
        await waitForPosition(flavour, { from: first, on: [own], timeoutMs: PATIENCE_MS });
        expect(await itemsOn(own)).toEqual([...LATER, ...AGAIN]);
        expect(await copiesOf(first, "node4")).toHaveLength(1);
        await expectAllEqual(cluster, first);
      },
      STEP_MS,
    );
  });
}
