// The drills that every change has to pass, while clients write and read: the lead is handed over, the master's node dies, also while a slave
// takes a copy from it, and a slave loses all its data. What was confirmed stays, nothing is doubled, nobody confirms beside the master, all nodes are equal in the end. Times are not looked at here:
// `pnpm chaos` measures them.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { openDrillCluster } from "../src/drill-cluster.ts";
import { faultNamed } from "../src/fault-list.ts";
import { runRound } from "../src/run-round.ts";

const SEED = 20_261_125;
const TEST_MS = 480_000;

/** The switchover first: after it another node leads, and the one that dies has led before. */
const DRILLS = [
  { name: "switchover", target: "master", during: "load" },
  { name: "kill-node", target: "master", during: "load" },
  { name: "lose-data", target: "slave", during: "load" },
  { name: "kill-node", target: "master", during: "snapshot" },
] as const;

for (const flavour of testFlavours()) {
  describe(`drills on ${flavour}`, () => {
    it(
      "hand the lead over without a failed write, and lose nothing by what dies",
      async () => {
        await using drill = await openDrillCluster({ flavour });
        for (const [round, { name, target, during }] of DRILLS.entries()) {
          const { result, timeline } = await runRound(
            drill,
            {
              round,
              seed: SEED + round,
              fault: faultNamed(name),
              target,
              during,
              ack: "majority",
            },
            new AbortController().signal,
          );
          expect(result.violations, timeline.join("\n")).toEqual([]);
          expect(result.confirmed).toBeGreaterThan(0);
        }
      },
      TEST_MS,
    );
  });
}
