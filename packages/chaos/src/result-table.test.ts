import { expect, it } from "vitest";
import { formatResults } from "./result-table.ts";
import type { RoundResult } from "./round-result.ts";

const ROUND: RoundResult = {
  round: 0,
  flavour: "mysql",
  seed: 1,
  fault: "kill-node",
  target: "master",
  hit: "node1",
  during: "load",
  gapMs: 1_000,
  gapAfterMs: 0,
  confirmed: 10,
  unconfirmed: 1,
  keptUnconfirmed: 1,
  failed: 2,
  retried: 3,
  lost: 0,
  quarantined: 0,
  doubled: 0,
  twoMasters: 0,
  outside: [],
  violations: [],
  timeline: "",
};

it("prints a line for each fault of each flavour, with the median and the worst gap", () => {
  const rounds = [
    ROUND,
    { ...ROUND, gapMs: 3_000, lost: 1, violations: ["lost"] },
    { ...ROUND, gapMs: 2_500 },
  ];
  const other = { ...ROUND, fault: "switchover", target: null, during: "switchover" as const };
  const cells = formatResults([...rounds, other])
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  expect(cells).toEqual([
    expect.arrayContaining(["flavour", "fault", "gap median", "gap worst", "lost", "violations"]),
    ["mysql", "kill-node master", "3", "2.50 s", "3.00 s", "30", "1", "0", "0", "3", "6", "9", "0", "0", "1"],
    [
      "mysql",
      "switchover during switchover",
      "1",
      "1.00 s",
      "1.00 s",
      "10",
      "0",
      "0",
      "0",
      "1",
      "2",
      "3",
      "0",
      "0",
      "0",
    ],
  ]);
});
