import { orAbort, VirtualClock, type Logger, silentLogger } from "@understudy/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { HealthChange, HealthMonitorOptions, ProbeTarget } from "./health-monitor.ts";
import { openHealthMonitor } from "./open-health-monitor.ts";

const never = (signal: AbortSignal): Promise<void> => orAbort(new Promise<void>(() => undefined), signal);

/** A monitor over a clock turned by hand, with what it did. */
async function openScene(
  overrides: Partial<HealthMonitorOptions> = {},
  behaviour: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>> = {},
) {
  const clock = new VirtualClock(10_000);
  const scene = {
    clock,
    targets: [{ nodeId: "a", url: "http://a" }] as ProbeTarget[],
    changes: [] as HealthChange[],
    probes: [] as string[],
    /** What each node's probe does. */
    behaviour: new Map(Object.entries(behaviour)),
  };
  const monitor = await openHealthMonitor({
    clock,
    random: () => 0.5,
    intervalMs: 1_000,
    timeoutMs: 500,
    targets: () => scene.targets,
    probe: async (target, signal) => {
      scene.probes.push(`${target.nodeId}@${clock.monotonicMs()}`);
      await scene.behaviour.get(target.nodeId)?.(signal);
    },
    onChange: (change) => scene.changes.push(change),
    ...overrides,
  });
  return { ...scene, scene, monitor, [Symbol.asyncDispose]: () => monitor[Symbol.asyncDispose]() };
}

const fails = async (): Promise<void> => {
  throw new Error("refused");
};

test("probes at once and then at each interval", async () => {
  await using scene = await openScene();
  expect(scene.monitor.stateOf("a")).toBeNull();
  await scene.clock.advance(0);
  expect(scene.monitor.stateOf("a")).toEqual({ state: "up", reason: "answers", lastSeenMs: 10_000 });
  await scene.clock.advance(2_500);
  expect(scene.probes).toEqual(["a@10000", "a@11000", "a@12000"]);
  expect(scene.changes).toEqual([{ nodeId: "a", from: null, to: "up", reason: "answers" }]);
});

test("tells of a node that never answered it when others saw it", async () => {
  await using scene = await openScene(
    { seenBefore: (nodeId) => (nodeId === "a" ? 7_000 : null) },
    { a: fails, b: fails },
  );
  scene.scene.targets = [...scene.targets, { nodeId: "b", url: "http://b" }];
  await scene.clock.advance(3_000);
  expect(scene.monitor.stateOf("a")).toMatchObject({
    state: "down",
    reason: expect.stringMatching(/last seen 6\.0 s ago$/),
    lastSeenMs: 7_000,
  });
  expect(scene.monitor.stateOf("b")).toMatchObject({
    reason: expect.stringMatching(/never seen$/),
    lastSeenMs: null,
  });
});

test("goes up, suspect, down and up again, and says each change once", async () => {
  await using scene = await openScene();
  await scene.clock.advance(500);
  scene.behaviour.set("a", fails);
  await scene.clock.advance(4_000);
  scene.behaviour.delete("a");
  await scene.clock.advance(1_000);
  expect(scene.changes.map(({ from, to, reason }) => [from, to, reason])).toEqual([
    [null, "up", "answers"],
    ["up", "suspect", "1 probe failed (refused), last seen 1.0 s ago"],
    ["suspect", "down", "3 probes failed in a row (refused), last seen 3.0 s ago"],
    ["down", "up", "answers"],
  ]);
});

test("a probe without an answer fails after its time, and does not delay the others", async () => {
  const targets: ProbeTarget[] = [
    { nodeId: "slow", url: "http://slow" },
    { nodeId: "fast", url: "http://fast" },
  ];
  await using scene = await openScene({ targets: () => targets }, { slow: never });
  await scene.clock.advance(0);
  expect(scene.monitor.stateOf("fast")).toMatchObject({ state: "up" });
  expect(scene.monitor.stateOf("slow")).toBeNull();
  await scene.clock.advance(500);
  expect(scene.monitor.stateOf("slow")).toMatchObject({
    state: "suspect",
    reason: "1 probe failed (no answer within 500 ms), never seen",
    lastSeenMs: null,
  });
});

test("one probe of a node is under way at a time, even when it takes longer than the interval", async () => {
  await using scene = await openScene({ timeoutMs: 2_500 }, { a: never });
  await scene.clock.advance(2_400);
  expect(scene.probes).toEqual(["a@10000"]);
  await scene.clock.advance(1_000);
  expect(scene.probes).toEqual(["a@10000", "a@13000"]);
});

test("a probe that ignores its signal is not listened to any more", async () => {
  const late = Promise.withResolvers<void>();
  await using scene = await openScene({}, { a: () => late.promise });
  await scene.clock.advance(600);
  expect(scene.monitor.stateOf("a")?.state).toBe("suspect");
  late.resolve();
  await scene.clock.advance(0);
  expect(scene.monitor.stateOf("a")?.state).toBe("suspect");
});

test("a node that is no longer a target is forgotten, and its probe ended", async () => {
  await using scene = await openScene({ timeoutMs: 5_000 });
  await scene.clock.advance(500);
  let isEnded = false;
  scene.behaviour.set("a", async (signal) => {
    await never(signal).finally(() => (isEnded = true));
  });
  await scene.clock.advance(1_000);
  scene.scene.targets = [];
  await scene.clock.advance(1_000);
  expect(scene.monitor.stateOf("a")).toBeNull();
  expect(isEnded).toBe(true);
  scene.monitor.report("a", { ok: true });
  expect(scene.monitor.stateOf("a")).toBeNull();
  expect(scene.changes).toHaveLength(1);
});

test("a node that comes back under another address is probed there, and keeps its history", async () => {
  await using scene = await openScene({ timeoutMs: 5_000 }, { a: never });
  await scene.clock.advance(500);
  scene.scene.targets = [{ nodeId: "a", url: "http://elsewhere" }];
  scene.behaviour.delete("a");
  await scene.clock.advance(1_000);
  expect(scene.probes).toEqual(["a@10000", "a@11000"]);
  expect(scene.monitor.stateOf("a")?.state).toBe("up");
});

test("word from elsewhere counts like a probe, also of a target that was not probed yet", async () => {
  await using scene = await openScene();
  await scene.clock.advance(100);
  scene.scene.targets = [...scene.targets, { nodeId: "b", url: "http://b" }];
  scene.monitor.report("b", { ok: false, reason: "delivery refused" });
  expect(scene.monitor.stateOf("b")).toMatchObject({ state: "suspect" });
  scene.monitor.report("b", { ok: true });
  expect(scene.monitor.stateOf("b")).toMatchObject({ state: "up", lastSeenMs: 10_100 });
  for (let count = 0; count < 3; count++) scene.monitor.report("a", { ok: false, reason: "cut" });
  expect(scene.monitor.stateOf("a")).toMatchObject({ state: "down" });
});

test("a probe out of turn runs now, or right after the one under way", async () => {
  await using scene = await openScene();
  await scene.clock.advance(100);
  scene.monitor.probeNow("a");
  await scene.clock.advance(0);
  expect(scene.probes).toEqual(["a@10000", "a@10100"]);
  scene.behaviour.set("a", (signal) => scene.clock.sleep(300, signal));
  scene.monitor.probeNow("a");
  await scene.clock.advance(100);
  scene.monitor.probeNow("a");
  scene.monitor.probeNow("a");
  scene.monitor.probeNow("nobody");
  await scene.clock.advance(500);
  expect(scene.probes.slice(2)).toEqual(["a@10100", "a@10400"]);
});

test("jitter stays within a tenth of the interval", async () => {
  await using scene = await openScene({ random: () => 0 });
  await scene.clock.advance(1_850);
  expect(scene.probes).toEqual(["a@10000", "a@10900", "a@11800"]);
});

test("disposal ends probes under way, may come twice, and nothing is judged after it", async () => {
  let isEnded = false;
  const a = (signal: AbortSignal): Promise<void> => never(signal).finally(() => (isEnded = true));
  const scene = await openScene({}, { a });
  await scene.clock.advance(0);
  await Promise.all([scene.monitor[Symbol.asyncDispose](), scene.monitor[Symbol.asyncDispose]()]);
  expect(isEnded).toBe(true);
  scene.monitor.report("a", { ok: true });
  scene.monitor.probeNow("a");
  await scene.clock.advance(10_000);
  expect(scene.changes).toEqual([]);
  expect(scene.probes).toHaveLength(1);
});

test("a listener that throws is logged and does not stop the probing", async () => {
  const logged: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => logged.push(fields["event"]) };
  await using scene = await openScene({
    logger,
    onChange: () => {
      throw new Error("listener");
    },
  });
  await scene.clock.advance(1_500);
  expect(logged).toEqual(["health-monitor-defect"]);
  expect(scene.probes).toHaveLength(2);
  expect(scene.monitor.stateOf("a")?.state).toBe("up");
});

for (const wrong of [
  { intervalMs: 0 },
  { timeoutMs: -1 },
  { suspectAfterFailures: 0 },
  { suspectAfterFailures: 4 },
]) {
  test(`refuses ${JSON.stringify(wrong)}`, async () => {
    await expect(openScene(wrong)).rejects.toMatchObject({ code: "config-invalid" });
  });
}

test("under any order of failures and answers, changes form an unbroken chain that ends in the present state", async () => {
  const outcomes = fc.array(fc.constantFrom("good", "bad", "silent", "told-good", "told-bad"), {
    maxLength: 25,
  });
  await fc.assert(
    fc.asyncProperty(outcomes, async (steps) => {
      await using scene = await openScene();
      let failures = 0;
      await scene.clock.advance(600);
      for (const step of steps) {
        if (step === "told-good" || step === "told-bad") {
          scene.monitor.report("a", step === "told-good" ? { ok: true } : { ok: false, reason: "told" });
        } else {
          scene.behaviour.set("a", step === "good" ? async () => undefined : step === "bad" ? fails : never);
          await scene.clock.advance(1_000);
        }
        failures = step.endsWith("good") ? 0 : failures + 1;
        const expected = failures === 0 ? "up" : failures >= 3 ? "down" : "suspect";
        expect(scene.monitor.stateOf("a")?.state).toBe(expected);
      }
      let state: string | null = null;
      for (const change of scene.changes) {
        expect(change.from).toBe(state);
        expect(change.to).not.toBe(state);
        state = change.to;
      }
      expect(scene.monitor.stateOf("a")?.state).toBe(state);
    }),
    { numRuns: 30 },
  );
});
