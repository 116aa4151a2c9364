// Nodes that deliveries alone can't bring along take a copy of the data by themselves: one whose place is gone from the binlog, a new one,
// one that a person says so of, one that died in the midst of it. Nobody reads half a copy.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { seededRandom } from "@understudy/kernel";
import type { Member } from "@understudy/protocol";
import {
  checksumsOf,
  expectAllEqual,
  ledgerFaults,
  rowsOf,
  sql,
  startCluster,
  startLedgerWorkload,
  type Cluster,
  type ClusterNode,
} from "../src/index.ts";
import { waitForPosition } from "../src/wait-for-position.ts";
import { openNewcomer } from "./newcomer.ts";
import {
  expectNotServing,
  PATIENCE_MS,
  pileUp,
  purgeBinlog,
  untilJob,
  untilRestoring,
  restart,
} from "./rejoin-steps.ts";
import { expectEqualObjects, serverObjects } from "./server-objects.ts";
import { addItem, openShop } from "./shop.ts";

const STEP_MS = 120_000;
/** More than all buffers between two servers hold, each of which may take some megabytes: else the master might be done already. */
const PILE_MEGABYTES = 24;
const STEPS = ["end all sessions", "save what only this node has", "take a fresh copy"];

/** A member as `node` sees it; undefined where it knows none of that name. */
async function memberOn(node: ClusterNode, nodeId: string): Promise<Member | undefined> {
  const { body } = await node.get("/cluster");
  return ((body["members"] ?? []) as readonly Member[]).find((member) => member.nodeId === nodeId);
}

for (const flavour of testFlavours()) {
  describe(`nodes that need a copy on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;
    let other: ClusterNode;
    let items = 3;

    beforeAll(async () => {
      cluster = await startCluster({
        flavour,
        slaves: 2,
        proxies: { random: seededRandom(1) },
        // the other slave is needed for acks, so that copies come from the master
        environment: { UNDERSTUDY_DEFAULT_ACK: "1" },
      });
      const [second, third] = cluster.slaves;
      if (!second || !third) throw new Error("two slaves were asked for");
      master = cluster.master;
      slave = second;
      other = third;
      await openShop(master);
      await pileUp(master, PILE_MEGABYTES);
      await cluster.waitForSync(PATIENCE_MS);
    });

    afterAll(async () => cluster[Symbol.asyncDispose]());

    async function sell(node: ClusterNode): Promise<void> {
      const answer = await addItem(node, ++items);
      expect(answer.status, answer.text).toBe(201);
    }

    /** Holds the copy for `slave` still when half of it is there, for the time of `meanwhile`. */
    async function inTheMidst(meanwhile: () => Promise<void>): Promise<void> {
      await untilRestoring(slave);
      const way = cluster.proxy(`${slave.nodeId}>${master.nodeId}`);
      way.freeze("toClient");
      try {
        await meanwhile();
      } finally {
        way.thaw();
      }
    }

    async function expectWhole(): Promise<void> {
      expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(master.nodeId);
      await sell(slave);
      await expectAllEqual(cluster);
      await expectEqualObjects(cluster);
    }

    async function rebuildByWayOf(node: ClusterNode): Promise<void> {
      const answer = await node.post(`/cluster/nodes/${slave.nodeId}/rebuild`, {});
      expect(answer, answer.text).toMatchObject({ status: 202, body: { rebuilding: slave.nodeId } });
    }

    it(
      "take it by themselves where the master has purged their place, and refuse reads until they have it",
      async () => {
        await slave.stop();
        await sell(master);
        await purgeBinlog(master, flavour);
        // a master that goes on may still have in memory what its binlog has no more
        await restart(master);
        await slave.start();
        await inTheMidst(async () => {
          expect(await expectNotServing(slave)).toContain("takes a fresh copy of the data");
          const seen = await memberOn(master, slave.nodeId);
          expect(seen).toMatchObject({ state: "joining", copy: { phase: "copying" } });
          expect(seen?.copy?.bytesDone).toBeGreaterThan(0);
          expect(seen?.copy?.tablesTotal).toBeGreaterThan(4);
          expect((await memberOn(other, slave.nodeId))?.nodeId).toBe(slave.nodeId);
          // the others go on
          await sell(master);
          await sell(other);
          expect((await other.post("/query", { sql: "SELECT 1" })).status).toBe(200);
        });
        const job = await untilJob(slave, ({ state }) => state !== "running");
        expect(job).toMatchObject({ kind: "rebuild", state: "done", error: null });
        expect(job.steps.map(({ name, state }) => `${name}: ${state}`)).toEqual(
          STEPS.map((name) => `${name}: done`),
        );
        expect(job.steps[1]?.detail).toBe("it has nothing that the master lacks");
        await expectWhole();
        expect((await memberOn(master, slave.nodeId))?.copy).toBeNull();
        expect((await slave.get("/cluster/quarantine")).body["entries"]).toEqual([]);
      },
      STEP_MS,
    );

    it(
      "take it by a person's word, and start over when the node is killed in the midst",
      async () => {
        await rebuildByWayOf(other);
        await inTheMidst(async () => {
          await slave.killHard();
          await slave.start();
          await expectNotServing(slave);
          await sell(other);
        });
        await untilJob(slave, ({ state }) => state === "done");
        await expectWhole();
      },
      STEP_MS,
    );

    it(
      "start over when their database server is killed in the midst",
      async () => {
        await rebuildByWayOf(slave);
        await inTheMidst(async () => {
          await slave.database.killHard();
          await sell(other);
        });
        await expectNotServing(slave);
        await slave.database.start();
        await untilJob(slave, ({ state }) => state === "done");
        await expectWhole();
      },
      STEP_MS,
    );

    it(
      "start over when the master's node is killed in the midst",
      async () => {
        await rebuildByWayOf(master);
        await inTheMidst(() => master.killHard());
        await expectNotServing(slave);
        expect((await other.post("/query", { sql: "SELECT 1" })).status).toBe(200);
        await master.start();
        await untilJob(slave, ({ state }) => state === "done");
        await expectWhole();
      },
      STEP_MS,
    );

    it("are not made of the master, nor of a node that nobody knows", async () => {
      const ofMaster = await master.post(`/cluster/nodes/${master.nodeId}/rebuild`, {});
      expect(ofMaster).toMatchObject({ status: 409, body: { code: "promotion-blocked" } });
      expect((await master.post("/cluster/nodes/nobody/rebuild", {})).status).toBe(404);
    });

    it(
      "join with what people have made on the master, while writes go on; data of their own is never touched",
      async () => {
        await using newcomer = await openNewcomer(flavour);
        const own = { nodeId: "node4", database: newcomer.database };
        await using connection = await sql(own);
        await connection.query("CREATE DATABASE mine");
        await connection.query("CREATE TABLE mine.t (id INT PRIMARY KEY)");
        await connection.query("INSERT INTO mine.t VALUES (7)");
        const before = await checksumsOf(own);
        const settings = { UNDERSTUDY_MASTER_URL: master.url };
        let node = await newcomer.start(settings);
        const reason = async (): Promise<unknown> => (await memberOn(node, "node4"))?.reason;
        await expect.poll(reason, { timeout: PATIENCE_MS }).toContain("drop its databases");
        await expectNotServing(node);
        expect(await checksumsOf(own)).toEqual(before);
        expect((await node.get("/jobs")).body["jobs"]).toEqual([]);

        await using workload = await startLedgerWorkload(master, [master, other]);
        await workload.confirms(20, PATIENCE_MS);
        await connection.query("DROP DATABASE mine");
        await untilRestoring(node);
        const seen = await memberOn(master, "node4");
        expect(seen).toMatchObject({ state: "joining", url: node.url, role: "slave" });
        await workload.confirms(20, PATIENCE_MS);
        const job = await untilJob(node, ({ state }) => state !== "running");
        expect(job.state, JSON.stringify(job)).toBe("done");
        await workload.confirms(20, PATIENCE_MS);
        const ledger = await workload.stop();
        expect([...ledger.refused, ...ledger.uncertain]).toEqual([]);
        const isLikeTheMaster = async (): Promise<void> => {
          await waitForPosition(flavour, { from: master, on: [own], timeoutMs: PATIENCE_MS });
          expect(await checksumsOf(own)).toEqual(await checksumsOf(master));
          expect(await serverObjects(own)).toEqual(await serverObjects(master));
        };
        await isLikeTheMaster();
        expect(await ledgerFaults(node, ledger)).toEqual([]);
        expect(
          await rowsOf(
            own,
            "SELECT shop.twice(21) AS n, (SELECT label FROM shop.item WHERE id = 2) AS label",
          ),
        ).toEqual([{ n: 42, label: "2: two" }]);
        await expect
          .poll(async () => (await node.get("/health/slave")).status, { timeout: PATIENCE_MS })
          .toBe(200);

        // a person may want to be asked first
        await node.stop();
        await sell(master);
        await purgeBinlog(master, flavour);
        // a master that goes on may still have in memory what its binlog has no more
        await restart(master);
        node = await newcomer.start({ ...settings, UNDERSTUDY_REJOIN: "refuse" });
        await expect
          .poll(reason, { timeout: PATIENCE_MS })
          .toMatch(/UNDERSTUDY_REJOIN=refuse: POST \/cluster\/nodes\/\S+\/rebuild/);
        expect((await node.get("/jobs")).body["jobs"]).toEqual([]);
        expect((await node.post("/cluster/nodes/node4/rebuild", {})).status).toBe(202);
        await untilJob(node, ({ state }) => state === "done");
        await isLikeTheMaster();
      },
      STEP_MS,
    );
  });
}
