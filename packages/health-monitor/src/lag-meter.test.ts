import { VirtualClock } from "@understudy/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LagMeter } from "./lag-meter.ts";

/** A meter whose positions are plain numbers. */
function openScene(samplesMax?: number) {
  const clock = new VirtualClock(5_000);
  const meter = new LagMeter<number>({
    clock,
    graceMs: 1_000,
    contains: (applied, heard) => applied >= heard,
    samplesMax,
  });
  const hear = (position: number): void => meter.heard({ position, atMs: clock.monotonicMs() });
  return { clock, meter, hear };
}

test("is unknown until the master was heard, whatever was applied", () => {
  const { meter } = openScene();
  meter.applied(3);
  expect(meter.lagMs()).toBeNull();
});

test("is nothing when all that was heard is applied, and the master is not silent", async () => {
  const { clock, meter, hear } = openScene();
  hear(3);
  meter.applied(3);
  await clock.advance(1_000);
  expect(meter.lagMs()).toBe(0);
});

test("grows from the last word on when the master falls silent", async () => {
  const { clock, meter, hear } = openScene();
  hear(3);
  meter.applied(4);
  await clock.advance(1_001);
  expect(meter.lagMs()).toBe(1_001);
  await clock.advance(5_000);
  expect(meter.lagMs()).toBe(6_001);
  hear(4);
  expect(meter.lagMs()).toBe(0);
});

test("counts from when the oldest of what is missing was heard", async () => {
  const { clock, meter, hear } = openScene();
  meter.applied(0);
  hear(1);
  await clock.advance(100);
  hear(2);
  await clock.advance(100);
  hear(2);
  expect(meter.lagMs()).toBe(200);
  meter.applied(1);
  expect(meter.lagMs()).toBe(100);
  meter.applied(2);
  expect(meter.lagMs()).toBe(0);
});

test("is behind when nothing was ever applied", async () => {
  const { clock, meter, hear } = openScene();
  hear(1);
  await clock.advance(70);
  expect(meter.lagMs()).toBe(70);
});

/** The lag by the rules, from all that was ever heard. */
function trueLag(
  heard: readonly { position: number; atMs: number }[],
  applied: number,
  nowMs: number,
): number | null {
  const last = heard.at(-1);
  if (!last) return null;
  const oldest = heard.find((one) => one.position > applied);
  if (oldest) return nowMs - oldest.atMs;
  const silentMs = nowMs - last.atMs;
  return silentMs <= 1_000 ? 0 : silentMs;
}

test("tells the true lag, or with few samples never less, and is 0 only when all is applied", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("write" as const), by: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ kind: fc.constant("apply" as const), by: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant("wait" as const), by: fc.integer({ min: 1, max: 300 }) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(1_000, 4),
      async (steps, samplesMax) => {
        const { clock, meter, hear } = openScene(samplesMax);
        const heard: { position: number; atMs: number }[] = [];
        let written = 0;
        let applied = 0;
        meter.applied(0);
        for (const { kind, by } of steps) {
          if (kind === "wait") await clock.advance(by);
          if (kind === "write") {
            written += by;
            hear(written);
            heard.push({ position: written, atMs: clock.monotonicMs() });
          }
          if (kind === "apply") {
            applied = Math.min(written, applied + by);
            meter.applied(applied);
          }
          const truth = trueLag(heard, applied, clock.monotonicMs());
          const told = meter.lagMs();
          const isBehind = heard.some((one) => one.position > applied);
          // With four samples only, what is behind may be told as older than it is.
          const mayBeMore = samplesMax === 4 && isBehind && told !== null && told >= (truth ?? 0);
          expect(mayBeMore ? truth : told).toBe(truth);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("knows no bound of its age from what it only heard: that may have been long on its way", async () => {
  const { meter, hear } = openScene();
  hear(3);
  meter.applied(3);
  expect(meter.lagMs()).toBe(0);
  expect(meter.staleBoundMs()).toBeNull();
});

test("is not older than the latest question whose answer is applied, from before it was sent", async () => {
  const { clock, meter, hear } = openScene();
  meter.applied(3);
  const askedAtMs = clock.monotonicMs();
  await clock.advance(30);
  meter.heard({ position: 3, atMs: clock.monotonicMs(), askedAtMs });
  expect(meter.staleBoundMs()).toBe(30);
  await clock.advance(70);
  hear(3);
  expect(meter.staleBoundMs()).toBe(100);
  const later = clock.monotonicMs();
  meter.heard({ position: 9, atMs: later, askedAtMs: later });
  await clock.advance(5);
  expect(meter.staleBoundMs()).toBe(105);
  meter.applied(8);
  expect(meter.staleBoundMs()).toBe(105);
  meter.applied(9);
  expect(meter.staleBoundMs()).toBe(5);
});

test("an answer that comes late makes nothing older", async () => {
  const { clock, meter } = openScene();
  meter.applied(3);
  const early = clock.monotonicMs();
  await clock.advance(10);
  const late = clock.monotonicMs();
  meter.heard({ position: 3, atMs: late, askedAtMs: late });
  meter.heard({ position: 3, atMs: late, askedAtMs: early });
  expect(meter.staleBoundMs()).toBe(0);
});
