import { describe, expect, it } from "vitest";
import { Conflict } from "./conflict.ts";
import { ReportBuilder } from "./report-builder.ts";

const ABOUT = { entry: "e", mode: "apply", onConflict: "skip", startedAt: "a", endedAt: "b" } as const;

describe("a report", () => {
  it("counts everything, and keeps conflicts before others where there is too much", () => {
    const report = new ReportBuilder();
    for (let index = 0; index < 1500; index++) report.applied(`0-1-${index}`, []);
    report.conflict("0-1-1500", new Conflict("locked", "someone was in the way", { errno: 1205 }));
    report.skipped("0-1-1501", "not tried");
    const built = report.build(ABOUT);
    expect(built).toMatchObject({ applied: 1500, conflicts: 1, skipped: 1, moreOutcomes: 502 });
    expect(built.outcomes).toHaveLength(1000);
    expect(built.outcomes.at(-1)).toEqual({
      index: 1500,
      gtid: "0-1-1500",
      outcome: "conflict",
      conflict: { kind: "locked", table: null, rows: null, errno: 1205 },
      reason: "someone was in the way",
      unchecked: [],
    });
    expect(built.outcomes[998]?.index).toBe(998);
  });

  it("has at most so many conflicts", () => {
    const report = new ReportBuilder();
    for (let index = 0; index < 1001; index++) report.conflict("0-1-1", new Conflict("locked", "x"));
    const { conflicts, outcomes, moreOutcomes } = report.build(ABOUT);
    expect([conflicts, outcomes.length, moreOutcomes]).toEqual([1001, 1000, 1]);
  });
});
