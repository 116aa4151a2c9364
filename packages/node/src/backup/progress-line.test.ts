import type { CopyProgress } from "@understudy/protocol";
import { expect, test } from "vitest";
import { ProgressLine } from "./progress-line.ts";

const at = (percent: number, phase = "restoring"): CopyProgress => ({
  phase,
  bytesDone: percent * 12_345_678,
  bytesTotal: 1_234_567_800,
  tablesDone: percent,
  tablesTotal: 100,
});

function tell(isTerminal: boolean, ...progress: readonly CopyProgress[]): string {
  let told = "";
  const line = new ProgressLine({ isTerminal, write: (text) => void (told += text) });
  for (const one of progress) line.report(one);
  line.end();
  return told;
}

test("a terminal gets a bar that is drawn over and wiped", () => {
  const told = tell(true, at(0), at(50), at(50));
  expect(told.split("\r\u001B[K")).toEqual([
    "",
    `▕${"·".repeat(24)}▏ restoring 0 %, 0 B of about 1.2 GB, 0 of 100 tables`,
    `▕${"█".repeat(12)}${"·".repeat(12)}▏ restoring 50 %, 617.3 MB of about 1.2 GB, 50 of 100 tables`,
    "",
  ]);
});

test("elsewhere it is a line for each phase and each tenth, and an estimate that was too low is not the end", () => {
  const told = tell(false, at(0, "preparing"), at(0), at(4), at(11), at(19), at(180), at(180, "done"));
  expect(told.split("\n").map((line) => line.split(",")[0])).toEqual([
    "preparing 0 %",
    "restoring 0 %",
    "restoring 11 %",
    "restoring 99 %",
    "done 100 %",
    "",
  ]);
});
