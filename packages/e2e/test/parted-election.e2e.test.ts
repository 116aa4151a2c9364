// A slave that the master has refused, since somebody wrote on its server, is ahead of all others by its numbers. Without that master it must
// not lead with what only it has, nor keep the others from leading, also when all have been restarted since.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, startCluster, type ClusterNode } from "../src/index.ts";
import { waitForLeader } from "../src/wait-for-leader.ts";
import { PATIENCE_MS, untilJob } from "./rejoin-steps.ts";

const STEP_MS = 180_000;

for (const flavour of testFlavours()) {
  describe(`a slave with a write of its own on ${flavour}`, () => {
    it(
      "does not lead when the master that refused it is gone, and follows who does",
      async () => {
        await using cluster = await startCluster({
          flavour,
          slaves: 2,
          etcd: 1,
          environment: { UNDERSTUDY_REJOIN: "refuse" },
        });
        const first = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
        const [other, parted] = cluster.others(first) as [ClusterNode, ClusterNode];
        const write = async (node: ClusterNode, statement: string, ack: string | number): Promise<void> => {
          const body = { sql: statement, ack, ackTimeoutMs: PATIENCE_MS };
          const answer = await node.post("/execute", body, { timeoutMs: PATIENCE_MS });
          expect(answer.status, answer.text).toBe(200);
        };
        await write(first, "CREATE DATABASE d", "all");
        await write(first, "CREATE TABLE d.t (id INT PRIMARY KEY)", "all");
        await parted.stop();
        {
          await using connection = await sql(parted);
          await connection.query("SET GLOBAL read_only = 0");
          for (const id of [100, 101, 102]) await connection.query(`INSERT INTO d.t VALUES (${id})`);
        }
        await write(first, "INSERT INTO d.t VALUES (1)", 1);
        await parted.start();
        const view = async (): Promise<string> => (await parted.get("/cluster")).text;
        await expect.poll(view, { timeout: PATIENCE_MS }).toContain("UNDERSTUDY_REJOIN=refuse");
        // all of them go down, and the master stays away
        await Promise.all(cluster.nodes.map((node) => node.killHard()));
        await parted.start();
        await other.start();
        expect((await waitForLeader([other, parted], 1n)).nodeId).toBe(other.nodeId);

        await first.start();
        await expect
          .poll(async () => (await first.get("/health/slave")).status, { timeout: PATIENCE_MS })
          .toBe(200);
        await expect.poll(view, { timeout: PATIENCE_MS }).toContain("UNDERSTUDY_REJOIN=refuse");
        expect((await parted.post(`/cluster/nodes/${parted.nodeId}/rebuild`, {})).status).toBe(202);
        await untilJob(parted, ({ state }) => state === "done");
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(other.nodeId);
        await write(other, "INSERT INTO d.t VALUES (2)", "all");
        for (const node of cluster.nodes) {
          expect(await rowsOf(node, "SELECT id FROM d.t ORDER BY id"), node.nodeId).toEqual([
            { id: 1 },
            { id: 2 },
          ]);
        }
        // it counts again: the plan names no reason against it
        const plan = async (): Promise<unknown> => (await other.get("/cluster/plan")).body["candidates"];
        await expect
          .poll(plan, { timeout: PATIENCE_MS })
          .toContainEqual(expect.objectContaining({ nodeId: parted.nodeId }));
      },
      STEP_MS,
    );
  });
}
