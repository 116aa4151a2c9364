import { expect, it } from "vitest";
import { ackGoalOf, checkAckLevel } from "./ack-goal.ts";

it.each([
  // slaves: 0, 1, 2, 3, 4, 5
  ["async", [0, 0, 0, 0, 0, 0]],
  ["all", [0, 1, 2, 3, 4, 5]],
  ["majority", [0, 1, 1, 2, 2, 3]],
  [2, [2, 2, 2, 2, 2, 2]],
] as const)("%s among so many slaves", (level, goals) => {
  expect(goals.map((_, slaves) => ackGoalOf(level, slaves))).toEqual([...goals]);
});

it("with the master, a majority is more than half of the members, and no more than it takes", () => {
  for (let slaves = 0; slaves < 64; slaves++) {
    const members = slaves + 1;
    const having = ackGoalOf("majority", slaves) + 1;
    expect(having).toBeGreaterThan(members / 2);
    expect(having - 1).toBeLessThanOrEqual(members / 2);
    expect(having).toBeLessThanOrEqual(members);
  }
});

it("more acks than there are slaves are refused, with how many there are", () => {
  for (const slaves of [0, 1, 5]) {
    for (const level of ["async", "majority", "all"] as const)
      expect(() => checkAckLevel(level, slaves)).not.toThrow();
  }
  expect(() => checkAckLevel(2, 2)).not.toThrow();
  expect(() => checkAckLevel(2, 1)).toThrow(
    expect.objectContaining({ code: "invalid-request", details: { path: "/ack", slaves: 1 } }),
  );
});
