// How fresh a read is, and on how many nodes a write: through any node, with slaves that are held back, stopped or cut off.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { systemClock } from "@understudy/kernel";
import { rowsOf, sql, startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";

const FOREIGN = { mysql: "1:0-1-7", mariadb: "1:3e11fa47-71ca-11e1-9e33-c80aa9429562:7" } as const;

for (const flavour of testFlavours()) {
  describe(`reads and acks on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let first: ClusterNode;
    let second: ClusterNode;
    let lastId = 0;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2, logLevel: "info" });
      const [one, two] = cluster.slaves;
      if (!one || !two) throw new Error("two slaves were asked for");
      [master, first, second] = [cluster.master, one, two];
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shop");
      await connection.query("CREATE TABLE shop.t (id INT PRIMARY KEY, a VARCHAR(20))");
      await cluster.waitForSync();
    });

    afterAll(async () => cluster[Symbol.asyncDispose]());

    const insert = async (node: ClusterNode, options: object = {}): Promise<Answer> =>
      node.post("/insert", { database: "shop", table: "t", record: { id: ++lastId }, ...options });
    const selectOf = (id: number): object => ({ database: "shop", table: "t", where: { id } });
    const read = async (node: ClusterNode, id: number, options: object = {}): Promise<Answer> =>
      node.post("/select", { ...selectOf(id), ...options });
    const isThere = async (node: ClusterNode, id: number): Promise<boolean> =>
      (await rowsOf(node, "SELECT id FROM shop.t WHERE id = ?", [id])).length === 1;
    const positionOf = (answer: Answer): string => {
      expect(answer.status, answer.text).toBeLessThan(300);
      expect(answer.body["position"]).toBe(answer.headers["x-understudy-position"]);
      return String(answer.body["position"]);
    };
    const pause = async ({ nodeId }: ClusterNode): Promise<void> => {
      expect((await master.post(`/cluster/nodes/${nodeId}/pause`, {})).status).toBe(200);
    };
    const resume = async ({ nodeId }: ClusterNode): Promise<void> => {
      expect((await master.post(`/cluster/nodes/${nodeId}/resume`, {})).status).toBe(200);
    };

    it("every node shows a write at once to who asks after its position, whichever node took it", async () => {
      for (let round = 0; round < 30; round++) {
        const writer = cluster.nodes[round % 3] ?? master;
        const after = positionOf(await insert(writer));
        for (const node of cluster.nodes) {
          const answer = await read(node, lastId, { after });
          expect(answer.body["rowCount"], `${node.nodeId}: ${answer.text}`).toBe(1);
        }
      }
      const after = positionOf(await master.post("/createdb", { name: "fresh" }));
      const asText = `after=${encodeURIComponent(after)}`;
      for (const node of cluster.nodes) {
        const databases = await node.get(`/databases?${asText}`);
        expect(databases.body["databases"], databases.text).toContain("fresh");
        expect((await node.get(`/databases/fresh/tables?${asText}`)).status).toBe(200);
        expect((await node.get(`/select?database=shop&table=t&${asText}`)).status).toBe(200);
      }
    });

    it("what a read shows, the master shows after the read's position, though a plain client wrote it", async () => {
      await using connection = await sql(master);
      for (let round = 0; round < 20; round++) {
        const id = ++lastId;
        await connection.query("INSERT INTO shop.t (id) VALUES (?)", [id]);
        let seen = await read(first, id);
        for (let tries = 0; tries < 2_000 && seen.body["rowCount"] === 0; tries++)
          seen = await read(first, id);
        expect(seen.body["rowCount"]).toBe(1);
        const answer = await read(master, id, { after: positionOf(seen) });
        expect(answer.body["rowCount"], answer.text).toBe(1);
      }
    });

    it("a position that never comes is too stale in its time, and what is none is refused", async () => {
      const after = positionOf(await insert(master));
      const never = after.replace(/\d+$/, "999999999");
      for (const node of cluster.nodes) {
        const startedMs = systemClock.monotonicMs();
        const answer = await read(node, 1, { after: never, waitMs: 150 });
        const tookMs = systemClock.monotonicMs() - startedMs;
        expectProblem(answer, "503 too-stale");
        expect(answer.body).toMatchObject({ wanted: never, position: expect.stringMatching(/^1:/) });
        expect(tookMs).toBeGreaterThanOrEqual(145);
        expect(tookMs).toBeLessThan(10_000);
        const later = await read(node, 1, { after: after.replace(/^1:/, "2:"), waitMs: 50 });
        if (flavour === "mariadb") expectProblem(later, "503 too-stale");
        for (const none of ["x", "7", "1:x", `-${after}`, FOREIGN[flavour]]) {
          expectProblem(await read(node, 1, { after: none }), "400 invalid-request");
        }
      }
    });

    it("a read that waits ends with its caller, and many wait at small cost", async () => {
      const after = positionOf(await insert(master)).replace(/\d+$/, "999999999");
      await expect(
        first.post("/select", { ...selectOf(1), after, waitMs: 60_000 }, { timeoutMs: 200 }),
      ).rejects.toThrow();
      const waiting = Array.from({ length: 100 }, () => read(first, 1, { after, waitMs: 5_000 }));
      const fresh = positionOf(await insert(master));
      const startedMs = systemClock.monotonicMs();
      expect((await read(first, lastId, { after: fresh })).body["rowCount"]).toBe(1);
      expect(systemClock.monotonicMs() - startedMs).toBeLessThan(10_000);
      // all of them are still there
      const stillWaits = systemClock.sleep(50).then(() => "waits");
      expect(await Promise.race([...waiting, stillWaits])).toBe("waits");
      for (const answer of await Promise.all(waiting)) expectProblem(answer, "503 too-stale");
    });

    it("strong is answered by the master, through any node and in any form", async () => {
      positionOf(await insert(master));
      const where = encodeURIComponent(JSON.stringify({ id: lastId }));
      for (const node of cluster.slaves) {
        for (const answer of [
          await read(node, lastId, { consistency: "strong" }),
          await node.get(`/select?database=shop&table=t&where=${where}&consistency=strong`),
          await node.post("/query", {
            sql: `SELECT id FROM shop.t WHERE id = ${lastId}`,
            consistency: "strong",
          }),
        ]) {
          expect(answer.body, answer.text).toMatchObject({
            rowCount: 1,
            node: master.nodeId,
            role: "master",
          });
          expect(answer.headers["x-understudy-node"]).toBe(master.nodeId);
          expect(answer.headers["x-understudy-forwarded-by"]).toBe(node.nodeId);
        }
        expect((await node.get("/databases/shop?consistency=strong")).headers["x-understudy-node"]).toBe(
          "node1",
        );
        const looped = await node.post(
          "/query",
          { sql: "SELECT 1", consistency: "strong" },
          { headers: { "x-understudy-forwarded-by": "node9" } },
        );
        expectProblem(looped, "508 forward-loop");
      }
      const own = await read(master, lastId, { consistency: "strong" });
      expect(own.headers["x-understudy-forwarded-by"]).toBeUndefined();
    });

    it("bounded needs its bound, and passes on a slave that keeps up, idle and under load", async () => {
      for (const node of cluster.nodes) {
        expectProblem(await read(node, 1, { consistency: "bounded" }), "400 invalid-request");
        expectProblem(await read(node, 1, { maxLagMs: 5 }), "400 invalid-request");
        expectProblem(await read(node, 1, { consistency: "strong", maxLagMs: 5 }), "400 invalid-request");
      }
      const options = { consistency: "bounded", maxLagMs: 3_000 };
      for (const node of cluster.nodes) expect((await read(node, 1, options)).status).toBe(200);
      const over = new AbortController();
      const load = Array.from({ length: 4 }, async () => {
        while (!over.signal.aborted) expect((await insert(master)).status).toBe(201);
      });
      for (let round = 0; round < 30; round++) {
        const answer = await read(first, 1, options);
        expect(answer.status, answer.text).toBe(200);
      }
      over.abort();
      await Promise.all(load);
    });

    it("acks are counted, and named", async () => {
      const both = [first.nodeId, second.nodeId];
      const all = await insert(first, { ack: "all" });
      expect(all.status, all.text).toBe(201);
      expect((all.body["acks"] as string[]).toSorted()).toEqual(both);
      for (const ack of [1, 2, "majority"]) {
        const answer = await insert(master, { ack });
        expect(answer.status, answer.text).toBe(201);
        expect((answer.body["acks"] as string[]).length).toBeGreaterThanOrEqual(ack === 2 ? 2 : 1);
        for (const nodeId of answer.body["acks"] as string[]) {
          const node = cluster.slaves.find((slave) => slave.nodeId === nodeId);
          if (node) expect(await isThere(node, lastId)).toBe(true);
        }
      }
      const batch = await second.post("/batch", {
        statements: [{ sql: `INSERT INTO shop.t (id) VALUES (${++lastId})` }],
        ack: 2,
      });
      expect((batch.body["acks"] as string[]).toSorted(), batch.text).toEqual(both);
      const database = await second.post("/createdb", { name: "acked", ack: "all" });
      expect((database.body["acks"] as string[]).toSorted(), database.text).toEqual(both);
    });

    it("more acks than there are slaves are refused before anything is written", async () => {
      for (const node of cluster.nodes) {
        const answer = await insert(node, { ack: 3 });
        expect(expectProblem(answer, "400 invalid-request")).toContain("2 slaves");
        expect(answer.body["slaves"]).toBe(2);
        expect(await isThere(master, lastId)).toBe(false);
      }
    });

    it("members are counted, not those who happen to keep up; what was not confirmed in time is there", async () => {
      await pause(second);
      try {
        const majority = await insert(first, { ack: "majority" });
        expect(majority.body["acks"], majority.text).toEqual([first.nodeId]);
        for (const ack of ["all", 2]) {
          const answer = await insert(first, { ack, ackTimeoutMs: 200 });
          expectProblem(answer, "504 ack-timeout");
          expect(answer.body).toMatchObject({ committed: true, acks: [first.nodeId], wanted: 2 });
          const after = String(answer.body["position"]);
          expect((await read(first, lastId, { after })).body["rowCount"]).toBe(1);
          expect(await isThere(master, lastId)).toBe(true);
          expect(await isThere(second, lastId)).toBe(false);
          expectProblem(await read(second, lastId, { after, waitMs: 50 }), "503 too-stale");
        }
        // it changes nothing, and yet says something of what is on one slave only
        const nothing = await master.post("/execute", {
          sql: `INSERT IGNORE INTO shop.t (id) VALUES (${lastId})`,
          ack: "all",
          ackTimeoutMs: 200,
        });
        expectProblem(nothing, "504 ack-timeout");
        await first.stop();
        try {
          expectProblem(await insert(master, { ack: "majority", ackTimeoutMs: 200 }), "504 ack-timeout");
          expect((await insert(master, { ack: "async" })).body["acks"]).toEqual([]);
        } finally {
          await first.start();
        }
      } finally {
        await resume(second);
      }
      await cluster.waitUntilReplicating();
      const all = await insert(second, { ack: "all", ackTimeoutMs: 20_000 });
      expect(all.status, all.text).toBe(201);
    });

    it("a slave that is cut off shows a growing lag, serves local reads and refuses bounded ones", async () => {
      const lagOf = (answer: Answer): number => Number(answer.headers["x-understudy-lag-ms"]);
      const untilMs = systemClock.monotonicMs() + 4_500;
      while (systemClock.monotonicMs() < untilMs) {
        for (const node of cluster.nodes) expect(lagOf(await node.get("/ping"))).toBe(0);
        await systemClock.sleep(100);
      }
      const bounded = { consistency: "bounded", maxLagMs: 300 };
      await master.freeze();
      try {
        // the lag is still 0, since so short a silence means nothing: the bound must not believe that
        await systemClock.sleep(310);
        const startedMs = systemClock.monotonicMs();
        expectProblem(await read(first, 1, bounded), "503 too-stale");
        // it does not wait for the master, which would take it seconds
        expect(systemClock.monotonicMs() - startedMs).toBeLessThan(4_000);
        await expect
          .poll(async () => lagOf(await first.get("/ping")), { timeout: 10_000 })
          .toBeGreaterThan(0);
        const early = lagOf(await first.get("/ping"));
        await systemClock.sleep(1_000);
        const local = await read(first, 1);
        expect(local.body["rowCount"], local.text).toBe(1);
        expect(lagOf(local)).toBeGreaterThanOrEqual(early + 900);
        expect(local.body["lagMs"]).toBeGreaterThanOrEqual(early + 900);
        expectProblem(await read(first, 1, bounded), "503 too-stale");
      } finally {
        master.thaw();
      }
      await expect.poll(async () => (await read(first, 1, bounded)).status, { timeout: 20_000 }).toBe(200);
    });

    it("a member that is removed is waited for no longer", async () => {
      await second.stop();
      const waiting = insert(master, { ack: "all", ackTimeoutMs: 30_000 });
      await expect.poll(() => isThere(master, lastId)).toBe(true);
      const removed = await fetch(`${master.url}/cluster/nodes/${second.nodeId}`, { method: "DELETE" });
      expect(removed.status).toBeLessThan(300);
      const answer = await waiting;
      expect(answer.body["acks"], answer.text).toEqual([first.nodeId]);
      expectProblem(await insert(master, { ack: 2 }), "400 invalid-request");
    });
  });
}
