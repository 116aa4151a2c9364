import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import type { RebuildOrder } from "./rebuild.ts";
import { RebuildTries } from "./rebuild-tries.ts";

const ORDER: RebuildOrder = {
  cause: null,
  reason: "it is at 0-1-7",
  source: { nodeId: "node2", url: "http://node2" },
  copyFrom: null,
  epoch: 2n,
  survived: "",
  executed: "",
  hasNothingOwn: false,
};
const BY_A_PERSON: RebuildOrder = { ...ORDER, cause: { requestId: "r", trace: null } };

function failing(
  chance: number,
  times: number,
): { readonly tries: RebuildTries; readonly waitsMs: number[] } {
  const tries = new RebuildTries(new VirtualClock(), () => chance);
  const waitsMs = Array.from({ length: times }, () => {
    tries.begin(ORDER);
    tries.failed("no room");
    return tries.waitMs(ORDER);
  });
  return { tries, waitsMs };
}

test("each pause is twice the one before, from a second to a minute, half of it by chance", () => {
  expect(failing(1, 8).waitsMs).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(failing(0, 8).waitsMs).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("a person, another master, another epoch and a success need not wait, and begin another series", () => {
  const { tries } = failing(1, 6);
  expect(tries.waitMs(BY_A_PERSON)).toBe(0);
  expect(tries.waitMs({ ...ORDER, epoch: 3n })).toBe(0);
  expect(tries.waitMs({ ...ORDER, source: { nodeId: "node3", url: "http://node3" } })).toBe(0);
  expect(tries.begin(BY_A_PERSON)).toBe(true);
  tries.failed("no room");
  expect(tries.waitMs(ORDER)).toBe(1000);
  tries.done();
  expect([tries.waitMs(ORDER), tries.trouble, tries.begin(ORDER)]).toEqual([0, null, true]);
});

test("the same is told once, whatever its numbers are", () => {
  const tries = new RebuildTries(new VirtualClock(), () => 1);
  expect(tries.begin(ORDER)).toBe(true);
  expect(tries.failed("12 bytes are free")).toBe(true);
  expect(tries.begin(ORDER)).toBe(false);
  expect(tries.failed("13 bytes are free")).toBe(false);
  expect(tries.failed("the master went away")).toBe(true);
  expect(tries.trouble).toBe("the master went away");
  expect(["at 7", "at 8", "elsewhere"].map((need) => tries.isNewNeed(need))).toEqual([true, false, true]);
});

test("a failure long ago has nothing to do with the next", async () => {
  const clock = new VirtualClock();
  const tries = new RebuildTries(clock, () => 1);
  tries.begin(ORDER);
  tries.failed("no room");
  await clock.advance(10 * 60_000);
  expect([tries.begin(ORDER), tries.failed("no room")]).toEqual([true, true]);
});
