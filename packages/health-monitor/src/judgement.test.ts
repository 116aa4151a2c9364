import fc from "fast-check";
import { expect, test } from "vitest";
import { HEALTH_STATES, judge, TRANSITIONS, type HealthHistory, type HealthState } from "./judgement.ts";

const THRESHOLDS = { suspectAfterFailures: 2, downAfterFailures: 4 };

function historyOf(state: HealthState | null, failures: number): HealthHistory {
  return {
    state,
    failures,
    lastFailure: failures > 0 ? "refused" : null,
    lastSeenMs: state === null ? null : 1_000,
  };
}

/** Every state × every number of failures that makes a difference. */
const EXPECTED: readonly (readonly [HealthState | null, number, HealthState])[] = [
  [null, 0, "up"],
  [null, 1, "suspect"],
  [null, 2, "suspect"],
  [null, 3, "suspect"],
  [null, 4, "down"],
  ["up", 0, "up"],
  ["up", 1, "up"],
  ["up", 2, "suspect"],
  ["up", 3, "suspect"],
  ["up", 4, "down"],
  ["up", 9, "down"],
  ["suspect", 0, "up"],
  ["suspect", 1, "suspect"],
  ["suspect", 2, "suspect"],
  ["suspect", 3, "suspect"],
  ["suspect", 4, "down"],
  ["down", 0, "up"],
  ["down", 1, "down"],
  ["down", 2, "down"],
  ["down", 3, "down"],
  ["down", 4, "down"],
  ["down", 9, "down"],
];

for (const [state, failures, next] of EXPECTED) {
  test(`${state ?? "unknown"} with ${failures} failures in a row is ${next}`, () => {
    expect(judge(historyOf(state, failures), 5_000, THRESHOLDS).state).toBe(next);
  });
}

test("the table above reaches every cell of the transitions", () => {
  const cells = Object.values(TRANSITIONS).flatMap((row) => Object.keys(row));
  expect(cells).toHaveLength((HEALTH_STATES.length + 1) * 4);
  const reached = new Set(
    EXPECTED.map(
      ([state, failures]) => `${state}/${failures === 0 ? 0 : failures < 2 ? 1 : failures < 4 ? 2 : 3}`,
    ),
  );
  expect(reached.size).toBe(cells.length);
});

test("the reason is a sentence with the last failure and the time of silence", () => {
  expect(judge(historyOf("up", 0), 5_000, THRESHOLDS).reason).toBe("answers");
  expect(judge(historyOf("up", 1), 5_000, THRESHOLDS).reason).toBe(
    "1 probe failed (refused), last seen 4.0 s ago",
  );
  expect(judge(historyOf(null, 4), 5_000, THRESHOLDS).reason).toBe(
    "4 probes failed in a row (refused), never seen",
  );
});

test("whatever happens: an answer means up, down needs its full row of failures, and down ends only by an answer", () => {
  const thresholds = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 }))
    .map(([suspect, more]) => ({ suspectAfterFailures: suspect, downAfterFailures: suspect + more }));
  fc.assert(
    fc.property(thresholds, fc.array(fc.boolean(), { maxLength: 40 }), (limits, outcomes) => {
      let state: HealthState | null = null;
      let failures = 0;
      for (const isGood of outcomes) {
        const before: HealthState | null = state;
        failures = isGood ? 0 : failures + 1;
        state = judge(historyOf(before, failures), 0, limits).state;
        const isDown = !isGood && (before === "down" || failures >= limits.downAfterFailures);
        expect([state === "down", isGood && state !== "up"]).toEqual([isDown, false]);
        expect(failures >= limits.suspectAfterFailures && state === "up").toBe(false);
      }
    }),
  );
});
