import { expect, test } from "vitest";
import { RECORDED_EVENTS, recordedView } from "../../test/recorded-cluster.ts";
import { INITIAL_CLUSTER, reduceCluster, type ClusterAction, type Snapshot } from "./cluster-state.ts";

function answered(overrides: Partial<Snapshot> = {}, trouble: string | null = null): ClusterAction {
  const snapshot = {
    url: "http://a",
    view: recordedView(),
    events: [],
    isWhole: false,
    atMs: 5,
    ...overrides,
  };
  return { kind: "snapshot", snapshot, trouble };
}

const after = (...actions: ClusterAction[]) => actions.reduce(reduceCluster, INITIAL_CLUSTER);

test("a snapshot is shown and ends the trouble", () => {
  const state = after({ kind: "unreachable", trouble: "refused" }, answered());
  expect(state).toMatchObject({ trouble: null, moved: null, snapshot: { url: "http://a", atMs: 5 } });
});

test("trouble leaves what was known before", () => {
  const state = after(answered(), { kind: "unreachable", trouble: "refused" });
  expect(state).toMatchObject({ trouble: "refused", snapshot: { url: "http://a" } });
});

test("an answer of another node says that it moved and why, and starts its events anew", () => {
  const state = after(
    answered({ events: RECORDED_EVENTS, isWhole: true }),
    answered(
      { url: "http://b", events: RECORDED_EVENTS.slice(2), isWhole: true },
      "http://a refuses connections",
    ),
  );
  expect(state.moved).toBe("moved to http://b, since http://a refuses connections");
  expect(state.events.map((event) => event.id)).toEqual([3]);
});

test("new events are added, and a whole list replaces what was there", () => {
  const some = answered({ events: RECORDED_EVENTS.slice(0, 2), isWhole: true });
  const more = answered({ events: RECORDED_EVENTS.slice(2) });
  expect(after(some, more).events.map((event) => event.id)).toEqual([1, 2, 3]);
  expect(after(some, more, some).events.map((event) => event.id)).toEqual([1, 2]);
});

test("events are kept up to a bound, the latest ones", () => {
  const events = Array.from({ length: 1_200 }, (_, index) => ({
    ...RECORDED_EVENTS[0],
    id: index,
  })) as never[];
  const state = after(answered({ events }), answered({ events }));
  expect(state.events).toHaveLength(1_000);
  expect(state.events.at(-1)?.id).toBe(1_199);
});
