import { describe, expect, it } from "vitest";
import { longestGap } from "./gaps.ts";
import { madeRecord } from "./made-record.ts";

function confirmedAt(...times: readonly number[]) {
  return times.map((returnedMs) => madeRecord(`a-${returnedMs}`, { returnedMs }));
}

describe("longestGap", () => {
  it("measures between confirmed writes, whatever came in between", () => {
    const records = [
      ...confirmedAt(0, 100, 900, 1000),
      madeRecord("b", { returnedMs: 500, outcome: "unconfirmed" }),
    ];
    expect(longestGap(records, { fromMs: 50, untilMs: 1000 })).toEqual({ fromMs: 100, lengthMs: 800 });
  });

  it("counts from the last write before the fault", () => {
    expect(longestGap(confirmedAt(0, 90, 600, 650), { fromMs: 100, untilMs: 700 })).toEqual({
      fromMs: 90,
      lengthMs: 510,
    });
  });

  it("counts to the end where nothing is confirmed any more", () => {
    expect(longestGap(confirmedAt(0, 90), { fromMs: 100, untilMs: 5_000 })).toEqual({
      fromMs: 90,
      lengthMs: 4_910,
    });
    expect(longestGap([], { fromMs: 100, untilMs: 5_000 })).toEqual({ fromMs: 100, lengthMs: 4_900 });
  });

  it("leaves out what was long before", () => {
    expect(longestGap(confirmedAt(0, 5_000, 5_100, 5_150), { fromMs: 5_120, untilMs: 5_150 }).lengthMs).toBe(
      50,
    );
  });
});
