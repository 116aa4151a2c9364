import { VirtualClock } from "@understudy/kernel";
import type { ClusterEvent } from "@understudy/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EventHistory } from "./event-history.ts";

const historyOf = (limit?: number): EventHistory =>
  new EventHistory({ nodeId: "a", clock: new VirtualClock(1_000), limit });

test("an event has the next number, the time, and a node", () => {
  const history = historyOf();
  expect(history.record("started", "began")).toEqual({
    id: 1,
    time: "1970-01-01T00:00:01.000Z",
    nodeId: "a",
    kind: "started",
    message: "began",
  });
  expect(history.record("joined", "came", "b")).toMatchObject({ id: 2, nodeId: "b" });
});

test("pages follow one another without gap or overlap, and an empty one stays where it is", () => {
  const history = historyOf();
  for (let count = 1; count <= 5; count++) history.record("error", `${count}`);
  const first = history.list({ after: 0, limit: 3 });
  expect(first.events.map((event) => event.id)).toEqual([1, 2, 3]);
  const second = history.list({ after: first.next, limit: 3 });
  expect(second.events.map((event) => event.id)).toEqual([4, 5]);
  expect(history.list({ after: second.next, limit: 3 })).toEqual({ events: [], next: 5 });
  expect(history.list({ after: 2, limit: 0 })).toEqual({ events: [], next: 2 });
});

test("a reader from before a restart reads from the start", () => {
  const history = historyOf();
  history.record("started", "again");
  expect(history.list({ after: 700, limit: 10 })).toMatchObject({ events: [{ id: 1 }], next: 1 });
});

test("keeps the newest events up to its limit, for any limit and number", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 40 }),
      fc.nat(45),
      (limit, count, after) => {
        const history = historyOf(limit);
        for (let index = 0; index < count; index++) history.record("warning", "w");
        const ids = history.list({ after, limit: 100 }).events.map((event) => event.id);
        const from = Math.max(count - limit, after > count ? 0 : after) + 1;
        expect(ids).toEqual(
          Array.from({ length: Math.max(0, count - from + 1) }, (_, index) => from + index),
        );
      },
    ),
  );
});

test("a follower gets what is there and what comes, and ends with its signal", async () => {
  const history = historyOf();
  history.record("started", "one");
  const abort = new AbortController();
  const got: number[] = [];
  const following = (async () => {
    for await (const event of history.follow(abort.signal, 0)) got.push(event.id);
  })();
  await new Promise((resolve) => setImmediate(resolve));
  history.record("joined", "two");
  history.record("joined", "three");
  await new Promise((resolve) => setImmediate(resolve));
  expect(got).toEqual([1, 2, 3]);
  abort.abort(new Error("enough"));
  await following;
});

test("a follower without a start gets only what is new", async () => {
  const history = historyOf();
  history.record("started", "old");
  const abort = new AbortController();
  const events: AsyncGenerator<ClusterEvent> = history.follow(abort.signal);
  const next = events.next();
  history.record("joined", "new");
  expect(await next).toMatchObject({ value: { id: 2 } });
  abort.abort();
  expect(await events.next()).toMatchObject({ done: true });
});
