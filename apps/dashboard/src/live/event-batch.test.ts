import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import type { ClusterAction } from "../state/cluster-state.ts";
import { EventBatch } from "./event-batch.ts";

const { signal } = new AbortController();

function event(id: number, url = "http://a"): ClusterAction {
  const told = { id, time: "2026-03-01T12:00:00.000Z", nodeId: "a", kind: "joined", message: "" } as const;
  return { kind: "events", url, events: [told] };
}

function openScene() {
  const clock = new VirtualClock();
  const delivered: (readonly ClusterAction[])[] = [];
  const batch = new EventBatch(clock, (heard) => void delivered.push(heard));
  return { clock, delivered, batch };
}

const idsIn = (heard: readonly ClusterAction[] | undefined) =>
  heard?.flatMap((action) => (action.kind === "events" ? action.events.map(({ id }) => id) : [])) ?? [];

test("what comes alone is handed on at once", () => {
  const { delivered, batch } = openScene();
  batch.add(event(1), signal);
  expect(delivered.map(idsIn)).toEqual([[1]]);
});

test("what comes within a tenth of a second is handed on together, in its order, events as one action", async () => {
  const { clock, delivered, batch } = openScene();
  for (const id of [1, 2, 3]) batch.add(event(id), signal);
  batch.add({ kind: "unreachable", trouble: "refused" }, signal);
  batch.add(event(4), signal);
  await clock.advance(99);
  expect(delivered).toHaveLength(1);
  await clock.advance(1);
  expect(delivered[1]?.map(({ kind }) => kind)).toEqual(["events", "unreachable", "events"]);
  expect(idsIn(delivered[1])).toEqual([2, 3, 4]);
});

test("events of two nodes are not mixed", async () => {
  const { clock, delivered, batch } = openScene();
  for (const [id, url] of [[1], [2], [1, "http://b"]] as const) batch.add(event(id, url), signal);
  await clock.advance(100);
  expect(delivered[1]).toHaveLength(2);
});

test("is called ten times a second at most, however much comes", async () => {
  const { clock, delivered, batch } = openScene();
  for (let id = 1; id <= 2_000; id++) {
    batch.add(event(id), signal);
    if (id % 2 === 0) await clock.advance(1);
  }
  expect(delivered.length).toBeLessThanOrEqual(11);
  await clock.advance(100);
  expect(delivered.flatMap(idsIn)).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
});

test("of more than a thousand that wait the oldest are left out", async () => {
  const { clock, delivered, batch } = openScene();
  for (let id = 0; id <= 1_500; id++) batch.add(event(id), signal);
  await clock.advance(100);
  expect(idsIn(delivered[1])).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 501));
});

test("nothing is handed on once the signal has aborted", async () => {
  const { clock, delivered, batch } = openScene();
  const abort = new AbortController();
  batch.add(event(1), abort.signal);
  batch.add(event(2), abort.signal);
  abort.abort(new Error("left"));
  await clock.advance(1_000);
  expect(delivered.map(idsIn)).toEqual([[1]]);
});
