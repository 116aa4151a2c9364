import { describe, expect, it } from "vitest";
import { madeRecord } from "./made-record.ts";
import { violationsOf, type Findings } from "./violations.ts";

const SOUND: Findings = {
  problems: [],
  defects: [],
  masters: [],
  final: {
    lost: [],
    doubled: [],
    undead: [],
    strange: [],
    halved: [],
    unequal: [],
    keptUnconfirmed: ["a-9"],
  },
  registers: [],
  outside: [],
  plannedFailures: [],
};

function withFinal(found: Partial<NonNullable<Findings["final"]>>): Findings {
  return { ...SOUND, final: SOUND.final && { ...SOUND.final, ...found } };
}

describe("violationsOf", () => {
  it("finds nothing where all was as promised", () => {
    expect(violationsOf(SOUND)).toEqual([]);
  });

  it.each<[string, Findings, string]>([
    ["a lost write", withFinal({ lost: ["a-1"] }), "confirmed, but lost (1): a-1"],
    ["a doubled write", withFinal({ doubled: ["a-1"] }), "there more than once (1): a-1"],
    ["a refused write that is there", withFinal({ undead: ["a-1"] }), "refused, but there (1): a-1"],
    ["a row of nobody", withFinal({ strange: ["z"] }), "there, but never written (1): z"],
    ["half a transaction", withFinal({ halved: ["a"] }), "half of a transaction, by the counter of (1): a"],
    ["a different table", withFinal({ unequal: ["t: …"] }), "unequal (1): t: …"],
    ["two masters", { ...SOUND, masters: ["both"] }, "two masters (1): both"],
    [
      "an answer of none of our codes",
      { ...SOUND, defects: ["500"] },
      "an answer that nobody should get: 500",
    ],
    [
      "a register that jumped back",
      { ...SOUND, registers: ["x is not linearizable"] },
      "x is not linearizable",
    ],
    [
      "a node that stayed away",
      { ...SOUND, outside: ["node1 is down"] },
      "did not come back by itself (1): node1 is down",
    ],
    [
      "a write that a planned change disturbed",
      { ...SOUND, plannedFailures: [madeRecord("a-1", { failures: ["node1 503 no-leader"] })] },
      "not done at its first try (1): a-1 (node1 503 no-leader)",
    ],
    ["what could not be checked", { ...SOUND, final: null, problems: ["not in sync"] }, "not in sync"],
  ])("tells %s", (_name, findings, sentence) => {
    expect(violationsOf(findings)).toEqual([sentence]);
  });

  it("names only the first few", () => {
    const lost = Array.from({ length: 9 }, (_, index) => `a-${index}`);
    expect(violationsOf(withFinal({ lost }))).toEqual([
      "confirmed, but lost (9): a-0; a-1; a-2; a-3; a-4 and 4 more",
    ]);
  });
});
