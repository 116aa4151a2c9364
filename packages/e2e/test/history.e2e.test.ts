/*
 * Concurrent clients on all nodes, and what they saw: sessions, strong reads, a bank, effects under keys. First all ways are sound, then
 * connections between every two parties are cut at random. UNDERSTUDY_HISTORY_SECONDS (default 15 a flavour) makes it longer,
 * UNDERSTUDY_HISTORY_SEED repeats what was drawn.
 */
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { seededRandom } from "@understudy/kernel";
import { expectAllEqual, startCluster } from "../src/index.ts";
import { prepareHistory, runHistory, type HistoryResult } from "../src/history/run-history.ts";

const SECONDS = Number(process.env["UNDERSTUDY_HISTORY_SECONDS"] ?? 15);
const SEED = Number(process.env["UNDERSTUDY_HISTORY_SEED"] ?? Date.now() % 1_000_000);
const SOUND_SHARE = 0.3;
const KINDS = ["mark", "read", "swap", "total", "transfer", "write"];

for (const flavour of testFlavours()) {
  describe(`histories on ${flavour}`, () => {
    it(
      "hold what is promised, with sound ways and with connections that break",
      async () => {
        await using cluster = await startCluster({
          flavour,
          slaves: 2,
          proxies: { random: seededRandom(SEED) },
        });
        await prepareHistory(cluster);
        const runs = [
          { name: "sound", seconds: SECONDS * SOUND_SHARE, faults: false },
          { name: "broken", seconds: SECONDS * (1 - SOUND_SHARE), faults: true },
        ];
        for (const run of runs) {
          const result = await runHistory(cluster, { ...run, seed: SEED });
          process.stderr.write(`${flavour}, ${run.name} for ${run.seconds} s: ${summaryOf(result)}\n`);
          expect(result.violations).toEqual([]);
          expect(result.counts.ok).toBeGreaterThan(50);
          if (run.faults) {
            expect(Object.keys(result.byKind).toSorted()).toEqual(KINDS);
            expect(result.cuts).toBeGreaterThan(10);
          } else {
            expect(result.counts.unknown).toBe(0);
          }
          await expectAllEqual(cluster);
        }
      },
      (SECONDS + 240) * 1_000,
    );
  });
}

function summaryOf({ operations, counts, byKind, cuts, violations }: HistoryResult): string {
  const kinds = Object.entries(byKind).map(([kind, count]) => `${count} ${kind}s`);
  return [
    `${operations} operations (${kinds.join(", ")})`,
    `${counts.ok} confirmed, ${counts.failed} failed, ${counts.unknown} unknown`,
    `${cuts} cuts, ${violations.length} violations, seed ${SEED}`,
  ].join("; ");
}
