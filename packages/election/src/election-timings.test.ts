import { describe, expect, it } from "vitest";
import { DEFAULT_TIMINGS, timingProblem } from "./election-timings.ts";

describe("timingProblem", () => {
  it("F7: finds none with the defaults, nor at the edge, and says what is too long beyond it", () => {
    expect(timingProblem(DEFAULT_TIMINGS)).toBeNull();
    expect(timingProblem({ ...DEFAULT_TIMINGS, renewEveryMs: 2000 })).toBeNull();
    expect(timingProblem({ ...DEFAULT_TIMINGS, renewEveryMs: 2001 })).toMatch(
      /one lost request would end the lead/,
    );
    expect(timingProblem({ ...DEFAULT_TIMINGS, requestTimeoutMs: 1501 })).toMatch(/two tries of 1501 ms/);
    expect(timingProblem({ ...DEFAULT_TIMINGS, marginMs: 2001 })).toMatch(/margin of 2001 ms/);
  });
});
