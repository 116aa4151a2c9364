// The drills that every change has to pass: the master's node dies, and the lead is handed over, while clients write and read. What was
// confirmed stays, nothing is doubled, nobody confirms beside the master, all nodes are equal in the end. Times are not looked at here:
// `pnpm chaos` measures them.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { openDrillCluster } from "../src/drill-cluster.ts";
import { faultNamed } from "../src/fault-list.ts";
import { runRound } from "../src/run-round.ts";

const SEED = 20_261_125;
const TEST_MS = 240_000;

for (const flavour of testFlavours()) {
  describe(`drills on ${flavour}`, () => {
    it(
      "hand the lead over without a failed write, and lose nothing by kill -9 of the master's node",
      async () => {
        await using drill = await openDrillCluster({ flavour });
        // the switchover first: after it another node leads, and the one that dies has led before
        for (const [round, name] of ["switchover", "kill-node"].entries()) {
          const { result, timeline } = await runRound(
            drill,
            {
              round,
              seed: SEED + round,
              fault: faultNamed(name),
              target: "master",
              during: "load",
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
