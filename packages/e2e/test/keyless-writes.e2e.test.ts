// A write without a key that its master has committed is not run again by that node when it ceases to be the master: nobody could tell the
// second effect from the first.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";

const PATIENCE_MS = 60_000;
const STEP_MS = 180_000;

async function countOf(node: ClusterNode, note: string): Promise<unknown> {
  const [row] = await rowsOf(node, "SELECT COUNT(*) AS n FROM shop.t WHERE note = ?", [note]);
  return row?.["n"];
}

for (const flavour of testFlavours()) {
  describe(`a master on ${flavour} that another one takes over from while a write waits for acks`, () => {
    it(
      "tells a write without a key as uncertain, and answers one with a key as done; each has one effect",
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 2, etcd: 1 });
        const { master: old } = cluster;
        const [next, silent] = cluster.others(old);
        if (!next || !silent) throw new Error("three nodes were asked for");
        await old.post("/createdb", { name: "shop" });
        await old.post("/execute", {
          sql: "CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(20))",
        });
        await cluster.waitForSync();
        expect((await old.post(`/cluster/nodes/${silent.nodeId}/pause`, {})).status).toBe(200);

        const write = (note: string, headers: Record<string, string>) =>
          old.post(
            "/execute",
            {
              sql: "INSERT INTO shop.t (note) VALUES (?)",
              params: [note],
              ack: "all",
              ackTimeoutMs: PATIENCE_MS,
            },
            { headers, timeoutMs: 2 * PATIENCE_MS },
          );
        const keyless = write("keyless", {});
        const keyed = write("keyed", { "idempotency-key": "order-1" });
        for (const note of ["keyless", "keyed"])
          await expect.poll(() => countOf(next, note), { timeout: PATIENCE_MS }).toBe(1);
        expect((await next.post("/cluster/failover", { acceptLoss: true })).status).toBe(200);
        expectProblem(await keyless, "502 write-uncertain");

        expect((await next.post(`/cluster/nodes/${silent.nodeId}/resume`, {})).status).toBe(200);
        expect(await keyed).toMatchObject({ status: 200, headers: { "idempotency-replayed": "true" } });
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(next.nodeId);
        await cluster.waitForSync(PATIENCE_MS, next);
        for (const node of cluster.nodes)
          for (const note of ["keyless", "keyed"]) expect(await countOf(node, note), note).toBe(1);
      },
      STEP_MS,
    );
  });
}
