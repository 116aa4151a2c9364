import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { chooseEndpoint, EndpointRota, type EndpointHealth } from "./endpoint-rota.ts";

const well: EndpointHealth = { failuresInRow: 0, restsUntilMs: 0 };
const resting = (restsUntilMs: number): EndpointHealth => ({ failuresInRow: 1, restsUntilMs });

/** The order in which the endpoints are asked until each was. */
function orderOf(
  healths: readonly EndpointHealth[],
  question: { first: number; effect: "once" | "repeatable" },
) {
  const tried = new Set<number>();
  for (;;) {
    const index = chooseEndpoint(healths, { ...question, nowMs: 1_000, tried });
    if (index === undefined) return [...tried];
    expect(tried.has(index)).toBe(false);
    tried.add(index);
  }
}

test("well endpoints are asked in turn", () => {
  expect(orderOf([well, well, well], { first: 1, effect: "once" })).toEqual([1, 2, 0]);
});

test("those that rest come last, the one that rests the shortest first", () => {
  const healths = [resting(3_000), resting(2_000), well];
  expect(orderOf(healths, { first: 0, effect: "repeatable" })).toEqual([2, 1, 0]);
});

test("one that has rested is tried in turn with what may be repeated, and with a change only after the well ones", () => {
  const healths = [resting(1_000), well, resting(2_000), well];
  expect(orderOf(healths, { first: 0, effect: "repeatable" })).toEqual([0, 1, 3, 2]);
  expect(orderOf(healths, { first: 0, effect: "once" })).toEqual([1, 3, 0, 2]);
});

test("a failed endpoint rests ever longer, up to a limit, until it answers", async () => {
  const clock = new VirtualClock();
  const rota = new EndpointRota(2, { clock, random: () => 1 });
  const rests = (): boolean => [1, 2].every(() => rota.next("repeatable", new Set()) === 1);
  for (const restMs of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    rota.noteFailure(0);
    await clock.advance(restMs - 1);
    expect(rests()).toBe(true);
    await clock.advance(1);
    expect(rests()).toBe(false);
  }
  expect(rota.noteAnswer(0)).toBe(true);
  expect(rests()).toBe(false);
  expect(rota.noteAnswer(0)).toBe(false);
  expect(rota.noteFailure(0)).toBe(true);
  expect(rota.noteFailure(0)).toBe(false);
});
