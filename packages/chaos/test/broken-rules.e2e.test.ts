// A check that finds nothing where a rule is broken on purpose is no check. Each rule that nodes can be made to break is broken in a cluster
// of real processes, and the drill that is made for it has to see what comes of it.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { BROKEN_RULES, faultAgainst, type BrokenRule } from "../src/broken-rules.ts";
import { openDrillCluster } from "../src/drill-cluster.ts";
import { runRound } from "../src/run-round.ts";

const SEED = 20_261_126;
const ROUNDS_MAX = 5;
const TEST_MS = 600_000;

/** What has to be seen. */
const SEEN: Record<BrokenRule, RegExp> = {
  fence: /^two masters/m,
  "epoch-check": /^(confirmed, but lost|unequal|half of|did not come back|there more than once)/m,
  acks: /^confirmed, but lost/m,
  "sync-order": /^(confirmed, but lost|. is not linearizable)/m,
};

describe("a cluster of nodes without one of their rules", () => {
  // both flavours by turns: what is broken lies above them
  const flavours = testFlavours();
  it.for(BROKEN_RULES.map((rule, index) => [rule, flavours[index % flavours.length]] as const))(
    "is seen to break a promise without: %s (%s)",
    { timeout: TEST_MS },
    async ([broken, flavour]) => {
      if (!flavour) throw new Error("there is no flavour to test with");
      const fault = faultAgainst(broken);
      await using drill = await openDrillCluster({ flavour, broken, needs: fault.needs ?? [] });
      const seen: string[] = [];
      for (let round = 0; round < ROUNDS_MAX && seen.length === 0; round++) {
        const { result } = await runRound(
          drill,
          { round, seed: SEED + round, fault, target: "master", during: "load", ack: "majority" },
          new AbortController().signal,
        );
        seen.push(...result.violations);
      }
      expect(seen.join("\n")).toMatch(SEEN[broken]);
    },
  );
});
