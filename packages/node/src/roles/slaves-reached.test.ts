import { silentLogger, VirtualClock } from "@understudy/kernel";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SlavesReached } from "./slaves-reached.ts";

const SLAVES = ["a", "b"];
let clock: VirtualClock;
let reached: SlavesReached;
let following: string[];
let answering: string[];
let seenAtMs: Map<string, number>;
let aloneAtMs: number | null;

beforeEach(() => {
  clock = new VirtualClock(0);
  following = [...SLAVES];
  answering = [...SLAVES];
  seenAtMs = new Map(SLAVES.map((nodeId) => [nodeId, 0]));
  aloneAtMs = null;
  reached = new SlavesReached({
    inSync: () => ({ slaves: SLAVES, following, acks: 1 }),
    monitor: {
      stateOf: () => ({ state: "up", reason: "answers", lastSeenMs: 0 }),
      silentForMs: (nodeId) => clock.monotonicMs() - (seenAtMs.get(nodeId) ?? 0),
      probeNow: (nodeId) => {
        if (answering.includes(nodeId)) seenAtMs.set(nodeId, clock.monotonicMs());
      },
    },
    clock,
    logger: silentLogger,
    hasElections: true,
    graceMs: 5000,
    onAlone: () => (aloneAtMs ??= clock.monotonicMs()),
  });
});

afterEach(() => reached[Symbol.asyncDispose]());

/** So long after both acked for the last time. */
async function fallSilent(): Promise<void> {
  await clock.advance(2500);
  following = [];
}

test("a master that hears nothing of its slaves is alone before a lease that nobody renews would be over", async () => {
  await clock.advance(10_000);
  for (const nodeId of SLAVES) seenAtMs.set(nodeId, clock.monotonicMs());
  answering = [];
  await fallSilent();
  await clock.advance(3000);
  expect(aloneAtMs).toBeGreaterThan(13_000);
  expect(aloneAtMs).toBeLessThanOrEqual(14_000);
  expect(reached.alone()).toBe("it reaches 0 of its 2 slaves, and a write is confirmed by 1");
  expect(reached.hasReached).toBe(true);
});

test("a slave that acks nothing, but answers when it is asked, is there", async () => {
  await fallSilent();
  answering = ["b"];
  await clock.advance(60_000);
  expect(aloneAtMs).toBeNull();
  answering = [];
  await clock.advance(5000);
  expect(aloneAtMs).not.toBeNull();
});

test("a new master gives its slaves time to find it", async () => {
  following = [];
  answering = [];
  seenAtMs = new Map(SLAVES.map((nodeId) => [nodeId, Number.NEGATIVE_INFINITY]));
  await clock.advance(6000);
  expect(aloneAtMs).toBeNull();
  await clock.advance(1000);
  expect(aloneAtMs).not.toBeNull();
  expect(reached.hasReached).toBe(false);
});
