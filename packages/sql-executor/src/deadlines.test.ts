import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { Deadlines } from "./deadlines.ts";

test("deadlines expire once, in time, whatever order they were started in", async () => {
  const clock = new VirtualClock();
  await using deadlines = new Deadlines(clock);
  const expired: string[] = [];
  const start = (name: string, ms: number) => deadlines.start(ms, () => expired.push(name));
  start("late", 100);
  start("early", 10);
  const cancelled = start("cancelled", 20);
  start("middle", 50);
  deadlines.cancel(cancelled);
  await clock.advance(9);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(["early"]);
  await clock.advance(40);
  expect(expired).toEqual(["early", "middle"]);
  await clock.advance(100);
  expect(expired).toEqual(["early", "middle", "late"]);
});

test("disposed they are silent", async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  let expired = false;
  deadlines.start(5, () => {
    expired = true;
  });
  await deadlines[Symbol.asyncDispose]();
  await clock.advance(10);
  expect(expired).toBe(false);
});
