import { expect, test } from "vitest";
import { memberOf, recordedView, RECORDED_EVENTS } from "../../test/recorded-cluster.ts";
import type { ClusterAction, Snapshot } from "../state/cluster-state.ts";
import { changeLines, NOTHING_WATCHED } from "./change-lines.ts";

const TIME = "2026-03-01T12:00:10.000Z";

function answered(overrides: Partial<Snapshot> = {}): ClusterAction {
  const snapshot = {
    url: "http://a",
    view: recordedView(),
    events: [],
    isWhole: false,
    atMs: 5,
    ...overrides,
  };
  return { kind: "snapshot", snapshot, trouble: null };
}

/** The lines of each of these, one after another, read again. */
function told(...actions: readonly ClusterAction[]): object[][] {
  let watched = NOTHING_WATCHED;
  return actions.map((action) => {
    const { watched: next, lines } = changeLines(watched, action, TIME);
    watched = next;
    return lines.map((line) => JSON.parse(line) as object);
  });
}

test("the first answer is a line, and what only moved on is none", () => {
  const later = recordedView({
    members: recordedView().members.map((one) => ({ ...one, position: "8:x:1-9" })),
  });
  const [first, ...others] = told(answered(), answered(), answered({ view: later }));
  expect(first).toEqual([
    {
      time: TIME,
      kind: "cluster",
      verdict: "healthy",
      seenFrom: "node-a",
      url: "http://a",
      epoch: "7",
      leader: "node-a",
      members: [
        { nodeId: "node-a", role: "master", state: "up" },
        { nodeId: "node-b", role: "slave", state: "up" },
        { nodeId: "node-c", role: "slave", state: "up" },
      ],
      faults: [],
    },
  ]);
  expect(others).toEqual([[], []]);
});

test("a member that goes down, another master and another node to ask are lines", () => {
  const down = recordedView({ members: [memberOf("node-a", { state: "down", reason: "gone" })] });
  const lines = told(
    answered(),
    answered({ view: down }),
    answered({ view: recordedView({ leader: null }) }),
    answered({ view: recordedView(), url: "http://b" }),
  );
  expect(lines.slice(1)).toMatchObject([
    [{ kind: "cluster", verdict: "degraded", faults: ["node-a is down: gone"] }],
    [{ kind: "cluster", verdict: "degraded", leader: null }],
    [{ kind: "cluster", verdict: "healthy", url: "http://b" }],
  ]);
});

test("nobody answering is one line, until somebody does", () => {
  const gone: ClusterAction = { kind: "unreachable", trouble: "http://a refuses connections" };
  expect(told(gone, gone, answered(), gone)).toMatchObject([
    [{ time: TIME, kind: "unreachable", reason: "http://a refuses connections" }],
    [],
    [{ kind: "cluster" }],
    [{ kind: "unreachable" }],
  ]);
});

test("events are lines once, and what was before the start is none", () => {
  const [one, two, three] = RECORDED_EVENTS;
  if (!one || !two || !three) throw new Error("three events are recorded");
  const lines = told(answered({ events: [one, two], isWhole: true }), answered({ events: [three] }), {
    kind: "events",
    url: "http://a",
    events: [three],
  });
  expect(lines.map((some) => some.filter((line) => "event" in line))).toEqual([
    [],
    [{ time: three.time, kind: "event", nodeId: "node-c", event: "joined", message: "joined as slave" }],
    [],
  ]);
});

test("jobs are no change of the cluster", () => {
  expect(told(answered(), { kind: "jobs", url: "http://a", jobs: [] })[1]).toEqual([]);
});
