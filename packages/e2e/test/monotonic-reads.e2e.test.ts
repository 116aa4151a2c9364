// A session that goes from node to node does not go back in time, though the other node may be behind.
import { createNodeClient, type NodeClient } from "@understudy/client";
import { testFlavours } from "@understudy/database-server";
import { seededRandom } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { startCluster } from "../src/index.ts";

const PAIRS = 150;
const WRITERS = 2;
const READERS = 3;
/** How long a delivery takes to the slave. */
const DELAY_MS = 20;
const COUNT = "SELECT n FROM shop.counter";

for (const flavour of testFlavours()) {
  describe(`a session on ${flavour}`, () => {
    it(
      "sees at a slave what the master has shown it, and at the master what a slave has",
      { timeout: 120_000 },
      async () => {
        await using cluster = await startCluster({
          flavour,
          slaves: 1,
          proxies: { random: seededRandom(1) },
        });
        for (const sql of [
          "CREATE DATABASE shop",
          "CREATE TABLE shop.counter (n INT)",
          "INSERT INTO shop.counter VALUES (0)",
        ]) {
          await cluster.master.post("/execute", { sql });
        }
        await cluster.waitForSync();
        cluster.proxy("node1>node2").delay(DELAY_MS);
        await using master = createNodeClient({ url: cluster.master.url });
        await using slave = createNodeClient({ url: cluster.firstSlave.url });
        const done = new AbortController();
        const write = async (): Promise<void> => {
          while (!done.signal.aborted) await master.execute({ sql: "UPDATE shop.counter SET n = n + 1" });
        };
        const backwards: string[] = [];
        let pairs = 0;
        const read = async (): Promise<void> => {
          let position = "0:";
          let shown = 0;
          const readAt = async (node: NodeClient): Promise<void> => {
            const answer = await node.query({ sql: COUNT, rows: "arrays", after: position, waitMs: 10_000 });
            const n = Number([answer.rows[0] ?? []].flat()[0]);
            if (n < shown)
              backwards.push(`${answer.node} shows ${n} after ${shown}, asked after ${position}`);
            ({ position } = answer);
            shown = n;
          };
          for (; pairs < PAIRS; pairs++) {
            await readAt(master);
            await readAt(slave);
          }
        };
        const writing = Array.from({ length: WRITERS }, write);
        try {
          await Promise.all(Array.from({ length: READERS }, read));
        } finally {
          done.abort();
          await Promise.all(writing);
        }
        expect(backwards).toEqual([]);
        expect(pairs).toBeGreaterThanOrEqual(PAIRS);
      },
    );
  });
}
