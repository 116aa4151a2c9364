// `kill -9` of the master's node, a slave's node and a database server, again and again, while writers go on: nothing
// confirmed is lost, nothing is doubled, and all nodes are equal afterwards, without a person.
// UNDERSTUDY_KILL_ROUNDS sets the rounds a flavour, UNDERSTUDY_KILL_SEED another walk.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { seededRandom, systemClock } from "@understudy/kernel";
import {
  expectAllEqual,
  ledgerFaults,
  startCluster,
  startLedgerWorkload,
  type Cluster,
} from "../src/index.ts";

const ROUNDS = Number(process.env["UNDERSTUDY_KILL_ROUNDS"] ?? 8);
const SEED = Number(process.env["UNDERSTUDY_KILL_SEED"] ?? 20_261_122);
const ROUND_MS = 40_000;
const DEAD_MS_MAX = 400;

interface Victim {
  readonly name: string;
  readonly killHard: () => Promise<void>;
  readonly start: () => Promise<void>;
}

function victimsOf(cluster: Cluster): Victim[] {
  return cluster.nodes.flatMap((node) => [
    { name: `node of ${node.nodeId}`, killHard: () => node.killHard(), start: () => node.start() },
    {
      name: `database server of ${node.nodeId}`,
      killHard: () => node.database.killHard(),
      start: () => node.database.start(),
    },
  ]);
}

for (const flavour of testFlavours()) {
  describe(`kill -9 under load on ${flavour}`, () => {
    it(
      `loses and doubles nothing in ${ROUNDS} rounds`,
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 2, logLevel: "info" });
        await using workload = await startLedgerWorkload(cluster.master, cluster.nodes);
        const random = seededRandom(SEED);
        const victims = victimsOf(cluster);
        for (let round = 0; round < ROUNDS; round++) {
          // each in turn first, so that a short run has them all
          const victim = victims[round < victims.length ? round : Math.floor(random() * victims.length)];
          if (!victim) throw new Error("there is always a victim");
          await workload.confirms(20, ROUND_MS);
          await victim.killHard();
          await systemClock.sleep(random() * DEAD_MS_MAX);
          await victim.start();
        }
        await workload.confirms(20, ROUND_MS);
        const ledger = await workload.stop();
        await cluster.waitForSync(60_000);
        await expectAllEqual(cluster);
        for (const node of cluster.nodes) expect(await ledgerFaults(node, ledger), node.nodeId).toEqual([]);
        await cluster.waitUntilReplicating();
        process.stderr.write(
          `${flavour}: ${ROUNDS} rounds, ${ledger.confirmed.size} writes confirmed, ${ledger.uncertain.size} uncertain, ${ledger.refused.size} refused\n`,
        );
      },
      ROUNDS * ROUND_MS + 120_000,
    );
  });
}
