import { describe, expect, it } from "vitest";
import type { FaultName } from "./faults.ts";
import { BROKEN_RULES, type BrokenRule } from "@understudy/election";
import { simulate, type SimulationResult } from "./simulate.ts";

const TIMEOUT_MS = 600_000;

interface Total {
  confirmedByAcks: number;
  reads: number;
  terms: number;
}

/** Runs so many seeds; throws with the events of the first that breaks a promise. */
async function runSeeds(flavour: "mysql" | "mariadb", first: number, count: number): Promise<Total> {
  const total: Total = { confirmedByAcks: 0, reads: 0, terms: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const result = await simulate({ seed, flavour });
    if (result.violations.length > 0) throw new Error(told(result));
    total.confirmedByAcks += result.confirmedByAcks;
    total.reads += result.reads;
    total.terms += result.terms;
  }
  return total;
}

function told({ violations, log }: SimulationResult): string {
  return `${violations.join("\n")}\n${log}`;
}

describe("a simulated cluster", () => {
  it("runs the same for the same seed, to the last event", async () => {
    for (const seed of [7, 71, 710]) {
      const first = await simulate({ seed, flavour: "mysql" });
      const second = await simulate({ seed, flavour: "mysql" });
      expect(second.digest).toBe(first.digest);
      expect(second.log).toBe(first.log);
      expect(first.log.split("\n").length).toBeGreaterThan(20);
    }
  });

  it.each([
    ["mysql", 10_000],
    ["mariadb", 20_000],
  ] as const)(
    "F1 F2 F3 F7 F8 F9: keeps its promises through any faults, on %s",
    async (flavour, first) => {
      const total = await runSeeds(flavour, first, SEEDS);
      // the faults must have been faults, and clients must have got something all the same
      expect(total.terms).toBeGreaterThan(SEEDS * 1.5);
      expect(total.confirmedByAcks).toBeGreaterThan(SEEDS * 30);
      expect(total.reads).toBeGreaterThan(SEEDS * 10);
    },
    TIMEOUT_MS,
  );
});

const SEEDS = 1000;

/** For each rule that may be broken: a promise that is then seen broken, within so many seeds. */
const MISSED: Record<BrokenRule, RegExp> = {
  fence: /^F[27]/,
  "epoch-check": /^F[13]/,
  acks: /^F1/,
  quorum: /^F1/,
  "sync-order": /^F1/,
  conditions: /^F[1238]/,
  closing: /^F1/,
  promises: /^F[27]/,
};

describe("a simulated cluster without one of its rules", () => {
  it.each(BROKEN_RULES)(
    "breaks a promise without: %s",
    async (broken) => {
      const found = await firstViolation(broken);
      expect(found).toMatch(MISSED[broken]);
    },
    TIMEOUT_MS,
  );
});

/** The fault that hits a rule hardest, where any fault would take too many seeds. */
const FOCUS: Partial<Record<BrokenRule, FaultName>> = {
  quorum: "doubleDeath",
  "sync-order": "relay",
  closing: "forgeRefusal",
};

async function firstViolation(broken: BrokenRule): Promise<string | undefined> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations } = await simulate({ seed, flavour: "mysql", broken, focus: FOCUS[broken] ?? null });
    if (violations[0] !== undefined) return violations[0];
  }
  return undefined;
}
