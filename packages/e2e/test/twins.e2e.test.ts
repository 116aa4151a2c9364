// Two nodes with one id, as after a data folder was copied: the one that is there stays a member, the other says what is wrong with it.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster, type ClusterNode } from "../src/index.ts";
import { openNewcomer } from "./newcomer.ts";

const PATIENCE_MS = 60_000;
const POLL = { timeout: PATIENCE_MS, interval: 250 } as const;

/** What a node says of the member, or of itself. */
async function memberOf(node: ClusterNode, nodeId: string): Promise<Record<string, unknown> | undefined> {
  const { body } = await node.get("/cluster");
  const members = (body["members"] ?? []) as readonly Record<string, unknown>[];
  return members.find((member) => member["nodeId"] === nodeId);
}

async function expectRefused(node: ClusterNode, otherUrl: string): Promise<void> {
  const words = `another node, at ${otherUrl}, has the node id ${node.nodeId} as well`;
  const own = { state: "joining", reason: expect.stringContaining(words) };
  await expect.poll(() => memberOf(node, node.nodeId), POLL).toMatchObject(own);
  const told = async (): Promise<boolean> => {
    const lines = (await readFile(node.logFile, "utf8")).split("\n");
    return lines.some((line) => line.includes('"node-id-taken"') && line.includes(words));
  };
  await expect.poll(told, POLL).toBe(true);
}

for (const flavour of testFlavours()) {
  it(
    `lets one of two slaves with one id in on ${flavour}, and the other when that one is gone`,
    async () => {
      await using cluster = await startCluster({ flavour, slaves: 1 });
      const { master, firstSlave: slave } = cluster;
      await cluster.waitUntilReplicating(PATIENCE_MS);
      await master.post("/createdb", { name: "shop" });
      await master.post("/execute", { sql: "CREATE TABLE shop.t (id INT PRIMARY KEY)" });
      let rows = 0;
      const expectDelivered = async (node: ClusterNode): Promise<void> => {
        const here = { url: node.url, state: "up" };
        await expect.poll(() => memberOf(master, slave.nodeId), POLL).toMatchObject(here);
        await master.post("/insert", { database: "shop", table: "t", record: { id: ++rows } });
        const count = async (): Promise<unknown> => {
          const [row] = await rowsOf(node, "SELECT COUNT(*) AS n FROM shop.t");
          return Number(row?.["n"]);
        };
        await expect.poll(count, POLL).toBe(rows);
      };

      await using newcomer = await openNewcomer(flavour, slave.nodeId);
      const twin = await newcomer.start({ UNDERSTUDY_MASTER_URL: master.url });
      await expectRefused(twin, slave.url);
      await expectDelivered(slave);
      await expect
        .poll(async () => (await master.get("/cluster/events?limit=1000")).text, POLL)
        .toContain(`${slave.nodeId} at ${twin.url} may not join`);

      await slave.killHard();
      await expectDelivered(twin);
      await slave.start();
      await expectRefused(slave, twin.url);
      await expectDelivered(twin);

      await newcomer.stop();
      await expectDelivered(slave);
    },
    3 * PATIENCE_MS,
  );
}
