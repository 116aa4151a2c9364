import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { ThroughputMeter } from "./throughput-meter.ts";

test("nothing done is nothing a second", () => {
  expect(new ThroughputMeter({ clock: new VirtualClock() }).rates()).toEqual({
    transactionsPerSecond: 0,
    bytesPerSecond: 0,
  });
});

test("a steady pace is told as it is, from the first second to long after", async () => {
  const clock = new VirtualClock(123);
  const meter = new ThroughputMeter({ clock });
  for (let tenth = 1; tenth <= 400; tenth++) {
    meter.add({ transactions: 5, bytes: 1_000 });
    await clock.advance(100);
    if (tenth < 10) continue;
    expect(meter.rates().transactionsPerSecond).toBeCloseTo(50, 6);
    expect(meter.rates().bytesPerSecond).toBeCloseTo(10_000, 6);
  }
});

test("a burst is spread over the window and then forgotten", async () => {
  const clock = new VirtualClock();
  const meter = new ThroughputMeter({ clock });
  await clock.advance(20_000);
  meter.add({ transactions: 100, bytes: 0 });
  await clock.advance(9_500);
  expect(meter.rates().transactionsPerSecond).toBeCloseTo(100 / 9.5, 6);
  await clock.advance(500);
  expect(meter.rates().transactionsPerSecond).toBe(0);
});

test("what is done in the first moment is told over a second, not over no time", () => {
  const meter = new ThroughputMeter({ clock: new VirtualClock() });
  meter.add({ transactions: 3, bytes: 30 });
  expect(meter.rates()).toEqual({ transactionsPerSecond: 3, bytesPerSecond: 30 });
});
