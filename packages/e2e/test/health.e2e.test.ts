// What the health monitor and the lag tell of a member that holds still, on both sides, and how it is taken back by itself.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { ClusterView, EventsAnswer, Member } from "@understudy/protocol";
import { expectAllEqual, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";

const QUICK_PROBES = { UNDERSTUDY_PROBE_INTERVAL_MS: "500", UNDERSTUDY_PROBE_TIMEOUT_MS: "450" };
const WAIT = { timeout: 20_000, interval: 50 };

async function memberOf(viewer: ClusterNode, nodeId: string): Promise<Member> {
  const { text } = await viewer.get("/cluster");
  const member = (JSON.parse(text) as ClusterView).members.find((one) => one.nodeId === nodeId);
  if (!member) throw new Error(`${viewer.nodeId} does not know ${nodeId}: ${text}`);
  return member;
}

async function messagesOf(viewer: ClusterNode): Promise<string[]> {
  const { text } = await viewer.get("/cluster/events?limit=1000");
  return (JSON.parse(text) as EventsAnswer).events.map((event) => event.message);
}

for (const flavour of testFlavours()) {
  describe(`health on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let still: ClusterNode;
    let other: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2, environment: QUICK_PROBES });
      const [first, second] = cluster.slaves;
      if (!first || !second) throw new Error("two slaves were asked for");
      [master, still, other] = [cluster.master, first, second];
      await master.post("/createdb", { name: "shop" });
      await master.post("/createtable", {
        database: "shop",
        table: "items",
        columns: "id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50)",
      });
      await cluster.waitForSync();
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    async function insert(count: number): Promise<void> {
      for (let number = 0; number < count; number++) {
        const answer = await master.post("/insert", {
          database: "shop",
          table: "items",
          record: { name: `item ${number}` },
        });
        expect(answer.status).toBe(201);
      }
    }

    it("shows no lag on an idle cluster, on any node", async () => {
      for (const node of cluster.slaves) {
        await vi.waitFor(async () => {
          expect((await memberOf(master, node.nodeId)).lag).toEqual({ transactions: 0, bytes: 0, ms: 0 });
          expect((await memberOf(node, node.nodeId)).lag).toEqual({ transactions: 0, bytes: 0, ms: 0 });
        }, WAIT);
        expect((await node.get("/ping")).headers["x-understudy-lag-ms"]).toBe("0");
      }
    });

    it("finds a slave that holds still suspect, then down, with a lag that grows, and serves the other one meanwhile", async () => {
      await still.freeze();
      await vi.waitFor(async () => expect((await memberOf(master, still.nodeId)).state).toBe("down"), WAIT);
      await insert(5);
      await vi.waitFor(
        async () => expect((await memberOf(master, other.nodeId)).lag.transactions).toBe(0),
        WAIT,
      );
      // the master counts its own newest transactions a moment after it has confirmed them
      const early = await vi.waitFor(async () => {
        const member = await memberOf(master, still.nodeId);
        expect(member).toMatchObject({ state: "down", lag: { transactions: 5 } });
        return member;
      }, WAIT);
      expect(early.reason).not.toBe("");
      expect(early.lag.bytes).toBeGreaterThan(0);
      await vi.waitFor(async () => {
        expect((await memberOf(master, still.nodeId)).lag.ms).toBeGreaterThan(
          (early.lag.ms ?? Infinity) + 300,
        );
      }, WAIT);
      await vi.waitFor(
        async () => expect(await memberOf(master, other.nodeId)).toMatchObject({ state: "up" }),
        WAIT,
      );
      const messages = await messagesOf(master);
      const suspect = messages.findIndex((message) => message.startsWith(`${still.nodeId} is suspect`));
      const down = messages.findIndex((message) => message.startsWith(`${still.nodeId} is down`));
      expect(suspect).toBeGreaterThanOrEqual(0);
      expect(down).toBeGreaterThan(suspect);
    });

    it("takes it back when it moves again, without a person", async () => {
      still.thaw();
      await vi.waitFor(async () => {
        expect(await memberOf(master, still.nodeId)).toMatchObject({ state: "up", lag: { transactions: 0 } });
      }, WAIT);
      await expectAllEqual(cluster);
      expect((await messagesOf(master)).some((message) => message.startsWith(`${still.nodeId} is up`))).toBe(
        true,
      );
    });

    it("lets a slave whose master holds still serve its data, with its age, and refuse whom that age is too high for", async () => {
      await master.freeze();
      await vi.waitFor(async () => {
        expect(await memberOf(other, master.nodeId)).toMatchObject({ state: "down" });
      }, WAIT);
      await vi.waitFor(async () => {
        const { headers } = await other.get("/ping");
        expect(Number(headers["x-understudy-lag-ms"])).toBeGreaterThan(3500);
      }, WAIT);
      expect(await other.get("/health/ready")).toMatchObject({ status: 200 });
      expect(await other.get("/health/ready?maxLagMs=1000")).toMatchObject({
        status: 503,
        body: { code: "too-stale" },
      });
      expect(await other.get("/health/master")).toMatchObject({ status: 503, body: { code: "no-leader" } });
      expect(await other.get("/select?database=shop&table=items")).toMatchObject({
        status: 200,
        body: { rowCount: 5 },
      });
      master.thaw();
      await vi.waitFor(async () => {
        expect(await memberOf(other, other.nodeId)).toMatchObject({ state: "up", lag: { ms: 0 } });
        expect(await memberOf(other, master.nodeId)).toMatchObject({ state: "up" });
      }, WAIT);
      await insert(1);
      await expectAllEqual(cluster);
    });

    it("tells the same in metrics", async () => {
      const ofMaster = (await master.get("/metrics")).text;
      expect(ofMaster).toMatch(/^understudy_is_master 1$/m);
      expect(ofMaster).toMatch(
        new RegExp(`^understudy_member_lag_seconds\\{member="${still.nodeId}"\\} 0$`, "m"),
      );
      const ofSlave = (await still.get("/metrics")).text;
      expect(ofSlave).toMatch(/^understudy_is_master 0$/m);
      expect(ofSlave).toMatch(/^understudy_applied_transactions_total [1-9]\d*$/m);
      expect(ofSlave).toMatch(
        /^understudy_http_request_duration_seconds_count\{.*\/replicate\/transactions/m,
      );
    });
  });
}
