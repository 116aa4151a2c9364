// A node that needs a copy gets it from a slave where one can be spared: definitions on the master change meanwhile. Where that slave is
// lost, or needed for acks, the master gives the copy after all.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { Member } from "@understudy/protocol";
import {
  checksumsOf,
  expectAllEqual,
  startCluster,
  type Answer,
  type Cluster,
  type ClusterNode,
} from "../src/index.ts";
import { waitForPosition } from "../src/wait-for-position.ts";
import { openNewcomer, type Newcomer } from "./newcomer.ts";
import { PATIENCE_MS, pileUp, purgeBinlog, untilJob, untilRestoring } from "./rejoin-steps.ts";
import { openShop } from "./shop.ts";

const STEP_MS = 180_000;
/** More than all buffers between two servers hold, so that one that holds still holds the other. */
const PILE_MEGABYTES = 24;
const DEFINITIONS = 10;

for (const flavour of testFlavours()) {
  describe(`copies from slaves on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let newcomer: Newcomer;
    let node: ClusterNode;
    let tables = 0;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2, environment: { UNDERSTUDY_DEFAULT_ACK: "1" } });
      master = cluster.master;
      await openShop(master);
      await pileUp(master, PILE_MEGABYTES);
      await cluster.waitForSync(PATIENCE_MS);
      await purgeBinlog(master, flavour);
      // a master that goes on may still have in memory what its binlog has no more
      await master.stop();
      await master.start();
      await cluster.waitUntilReplicating(PATIENCE_MS);
      newcomer = await openNewcomer(flavour);
    }, STEP_MS);

    afterAll(async () => {
      await newcomer[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    });

    const owes = async (): Promise<boolean> =>
      stat(join(String(newcomer.environment["UNDERSTUDY_DATA_DIR"]), "owes-history")).then(
        () => true,
        () => false,
      );
    const define = (): Promise<Answer> =>
      master.post(
        "/execute",
        {
          sql: `CREATE TABLE shop.made_${++tables} (id INT PRIMARY KEY)`,
          ackTimeoutMs: PATIENCE_MS,
        },
        { timeoutMs: PATIENCE_MS },
      );

    /** Waits until a slave's copy is on its way to the newcomer, holds that still, and resolves with the slave and the other one. */
    async function holdCopy(): Promise<{ readonly source: ClusterNode; readonly other: ClusterNode }> {
      const { steps } = await untilRestoring(node);
      await newcomer.database.freeze();
      const name = /from (node[23])$/.exec(steps.at(-1)?.detail ?? "")?.[1] ?? "";
      const source = cluster.node(name);
      const other = cluster.slaves.find((slave) => slave !== source);
      if (!other) throw new Error("two slaves were asked for");
      return { source, other };
    }

    async function expectJoined(): Promise<void> {
      const own = { nodeId: "node4", database: newcomer.database };
      await expect
        .poll(async () => (await node.get("/health/slave")).status, { timeout: PATIENCE_MS })
        .toBe(200);
      await waitForPosition(flavour, { from: master, on: [own], timeoutMs: PATIENCE_MS });
      expect(await checksumsOf(own)).toEqual(await checksumsOf(master));
      await expect.poll(owes, { timeout: PATIENCE_MS }).toBe(false);
    }

    /** A slave that has not acked lately is neither asked for a copy nor counted. */
    async function rebuild(): Promise<void> {
      const record = { line: "all of them follow" };
      const body = { database: "shop", table: "log", record, ack: "all", ackTimeoutMs: PATIENCE_MS };
      const confirmed = await master.post("/insert", body, { timeoutMs: PATIENCE_MS });
      expect(confirmed.status, confirmed.text).toBe(201);
      const answer = await node.post("/cluster/nodes/node4/rebuild", {});
      expect(answer, answer.text).toMatchObject({ status: 202 });
    }

    it(
      "hold no definition on the master up, show how far they are, and leave the node a part of the cluster",
      async () => {
        node = await newcomer.start({ UNDERSTUDY_MASTER_URL: master.url });
        const { other } = await holdCopy();
        expect(await owes()).toBe(true);
        const seen = async (): Promise<Member | undefined> =>
          ((await master.get("/cluster")).body["members"] as readonly Member[]).find(
            ({ nodeId }) => nodeId === "node4",
          );
        await expect.poll(async () => (await seen())?.copy?.phase, { timeout: PATIENCE_MS }).toBe("copying");
        for (let made = 0; made < DEFINITIONS; made++) {
          const answer = await define();
          expect(answer.status, answer.text).toBe(200);
        }
        await waitForPosition(flavour, { from: master, on: [other], timeoutMs: PATIENCE_MS });
        const job = await untilJob(node, () => true);
        expect(job.state, JSON.stringify(job)).toBe("running");
        newcomer.database.thaw();
        expect(await untilJob(node, ({ state }) => state !== "running")).toMatchObject({ state: "done" });
        await expectJoined();
        await cluster.waitForSync(PATIENCE_MS);
        await expectAllEqual(cluster);
      },
      STEP_MS,
    );

    it(
      "come from the master after all where the slave is killed in the midst",
      async () => {
        await rebuild();
        const { source } = await holdCopy();
        await source.killHard();
        newcomer.database.thaw();
        const job = await untilJob(node, ({ state }) => state !== "running");
        expect(job.state, JSON.stringify(job)).toBe("done");
        expect(job.steps.at(-1)?.detail).toMatch(/from the master$/);
        await expectJoined();
        await source.start();
        await cluster.waitUntilReplicating(PATIENCE_MS);
      },
      STEP_MS,
    );

    it(
      "end where the slave's acks are needed, since the other one is gone",
      async () => {
        await rebuild();
        const { other } = await holdCopy();
        await other.killHard();
        // the slave that gives the copy confirms it as soon as the copy is given up, though the newcomer holds still
        const defined = await define();
        expect(defined.status, defined.text).toBe(200);
        newcomer.database.thaw();
        const job = await untilJob(node, ({ state }) => state !== "running");
        expect(job.state, JSON.stringify(job)).toBe("done");
        expect(job.steps.at(-1)?.detail).toMatch(/from the master$/);
        await expectJoined();
        await other.start();
        await cluster.waitUntilReplicating(PATIENCE_MS);
      },
      STEP_MS,
    );
  });
}
