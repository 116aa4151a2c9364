import { ChangeSignal, VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { recordedView } from "../../test/recorded-cluster.ts";
import type { Round } from "./cluster-source.ts";
import type { ClusterAction } from "../state/cluster-state.ts";
import { followCluster } from "./follow-cluster.ts";

function startScene() {
  const clock = new VirtualClock();
  const hurry = new ChangeSignal();
  const abort = new AbortController();
  const scene = { asked: [] as number[], actions: [] as ClusterAction[], isGone: false };
  const source = {
    ask: async (): Promise<Round> => {
      scene.asked.push(clock.monotonicMs());
      if (scene.isGone) throw new Error("refused");
      const snapshot = {
        url: "u",
        view: recordedView(),
        events: [],
        isWhole: false,
        atMs: clock.monotonicMs(),
      };
      return { snapshot, trouble: null };
    },
  };
  const dispatch = (action: ClusterAction): number => scene.actions.push(action);
  const done = followCluster(
    { source, clock, random: () => 0.999, hurry, intervalMs: () => 1_000, dispatch },
    abort.signal,
  );
  return { ...scene, scene, clock, hurry, abort, done };
}

test("asks every second", async () => {
  const { asked, actions, clock, abort, done } = startScene();
  await clock.advance(3_500);
  expect(asked).toEqual([0, 1_000, 2_000, 3_000]);
  expect(actions.every((action) => action.kind === "snapshot")).toBe(true);
  abort.abort(new Error("enough"));
  await expect(done).rejects.toThrow("enough");
});

test("asks less often while nobody answers, and every second again afterwards", async () => {
  const { scene, asked, actions, clock, abort, done } = startScene();
  scene.isGone = true;
  await clock.advance(12_000);
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(waits).toEqual([1_000, 1_499, 2_498, 4_496]);
  expect(actions.at(-1)).toEqual({ kind: "unreachable", trouble: "refused" });
  scene.isGone = false;
  await clock.advance(20_000);
  expect((asked.at(-1) ?? 0) - (asked.at(-2) ?? 0)).toBe(1_000);
  abort.abort(new Error("enough"));
  await expect(done).rejects.toThrow("enough");
});

test("asks at once when hurried", async () => {
  const { asked, clock, hurry, abort, done } = startScene();
  await clock.advance(300);
  hurry.notify();
  await clock.advance(100);
  expect(asked).toEqual([0, 300]);
  abort.abort(new Error("enough"));
  await expect(done).rejects.toThrow("enough");
});

test("shows the cluster before its jobs are known", async () => {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const actions: ClusterAction[] = [];
  const jobs = Promise.withResolvers<never[]>();
  const source = {
    ask: async (): Promise<Round> => ({
      snapshot: { url: "u", view: recordedView(), events: [], isWhole: false, atMs: clock.monotonicMs() },
      trouble: null,
    }),
    jobs: () => jobs.promise,
  };
  const dispatch = (action: ClusterAction): number => actions.push(action);
  const options = {
    source,
    clock,
    random: () => 0.5,
    hurry: new ChangeSignal(),
    intervalMs: () => 1_000,
    dispatch,
  };
  const done = followCluster(options, abort.signal);
  await clock.advance(10);
  expect(actions.map(({ kind }) => kind)).toEqual(["snapshot"]);
  jobs.resolve([]);
  await clock.advance(10);
  expect(actions.map(({ kind }) => kind)).toEqual(["snapshot", "jobs"]);
  abort.abort(new Error("enough"));
  await expect(done).rejects.toThrow("enough");
});
