// A slave that could not apply a transaction does not forget it with a restart, though its cause may be gone: it takes nothing, acks nothing
// and leads nothing until a person says so, or a copy has replaced its data.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { expectAllEqual, rowsOf, sql, startCluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { PATIENCE_MS, untilJob } from "./rejoin-steps.ts";

const STEP_MS = 180_000;

async function problemOf(node: ClusterNode): Promise<string> {
  return (await node.get("/health/ready")).text;
}

/** Past the cluster, and out of the binlog. */
async function behindItsBack(node: ClusterNode, statement: string): Promise<void> {
  await using connection = await sql(node);
  await connection.query("SET SESSION sql_log_bin = 0");
  await connection.query(statement);
}

for (const flavour of testFlavours()) {
  describe(`a broken slave on ${flavour}`, () => {
    it(
      "stays broken over a restart, and is whole again by a copy, or by a person's word",
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 1 });
        const { master, firstSlave: slave } = cluster;
        const isBroken = (): Promise<void> =>
          expect.poll(() => problemOf(slave), { timeout: PATIENCE_MS }).toContain("replication is broken at");
        const breakIt = async (id: number): Promise<void> => {
          await cluster.waitForSync(PATIENCE_MS);
          await behindItsBack(slave, `INSERT INTO shop.t VALUES (${id})`);
          await master.post("/execute", { sql: `INSERT INTO shop.t VALUES (${id})`, ack: "async" });
          await isBroken();
          // nothing would be in its way any more
          await behindItsBack(slave, `DELETE FROM shop.t WHERE id = ${id}`);
        };
        await master.post("/createdb", { name: "shop" });
        await master.post("/execute", { sql: "CREATE TABLE shop.t (id INT PRIMARY KEY)" });

        await breakIt(1);
        await slave.stop();
        await slave.start();
        await isBroken();
        expect(await problemOf(slave)).toContain(`POST /cluster/nodes/${slave.nodeId}/rebuild`);
        const seen = async (): Promise<unknown> => (await master.get("/cluster")).body["members"];
        await expect
          .poll(seen, { timeout: PATIENCE_MS })
          .toContainEqual(expect.objectContaining({ nodeId: slave.nodeId, state: "broken" }));
        const write = { sql: "INSERT INTO shop.t VALUES (2)", ack: 1, ackTimeoutMs: 500 };
        expectProblem(await master.post("/execute", write), "504 ack-timeout");
        expectProblem(await slave.post("/cluster/failover", { acceptLoss: true }), "409 promotion-blocked");
        expect(await rowsOf(slave, "SELECT id FROM shop.t")).toEqual([]);

        expect((await slave.post(`/cluster/nodes/${slave.nodeId}/rebuild`, {})).status).toBe(202);
        expect(await untilJob(slave, ({ state }) => state !== "running")).toMatchObject({ state: "done" });
        await cluster.waitUntilReplicating(PATIENCE_MS);
        await expectAllEqual(cluster);

        await breakIt(3);
        await slave.killHard();
        await slave.start();
        await isBroken();
        expect((await slave.post(`/cluster/nodes/${slave.nodeId}/resume`, {})).status).toBe(200);
        await cluster.waitUntilReplicating(PATIENCE_MS);
        await slave.stop();
        await slave.start();
        await cluster.waitUntilReplicating(PATIENCE_MS);
        await expectAllEqual(cluster);
      },
      STEP_MS,
    );
  });
}
