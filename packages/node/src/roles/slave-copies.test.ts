import { EventHistory } from "@understudy/health-monitor";
import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { SlaveCopies } from "./slave-copies.ts";

const PROGRESS = { phase: "copying", bytesDone: 1, bytesTotal: 2, tablesDone: 0, tablesTotal: 1 };
const SLAVES = ["a", "b"].map((nodeId) => ({ nodeId, url: `http://${nodeId}` }));
const BOTH = { slaves: ["a", "b"], following: ["a", "b"], acks: 1 };
const THERE = { slaves: SLAVES, queue: { view: () => null }, inSync: BOTH };

function open(clock = new VirtualClock(), events = new EventHistory({ nodeId: "m", clock })): SlaveCopies {
  return new SlaveCopies({ clock, events });
}

test("a slave counts as giving from when it is named until it tells that it gives no more", () => {
  const copies = open();
  expect(copies.sourceFor("j", THERE)?.nodeId).toBe("a");
  // the other one is needed now, and this one if that is gone, though it has not been able to tell anything
  expect(copies.sourceFor("k", THERE)).toBeNull();
  expect(copies.needed(BOTH)).toEqual([]);
  expect(copies.needed({ ...BOTH, following: ["a"] })).toEqual(["a"]);
  expect(copies.progressOf("j")).toBeNull();
  copies.note("a", { nodeId: "j", progress: PROGRESS });
  expect(copies.progressOf("j")).toEqual(PROGRESS);
  copies.note("a", undefined);
  expect([copies.isUnderWay, copies.needed({ ...BOTH, following: [] })]).toEqual([false, []]);
  expect(copies.sourceFor("k", THERE)?.nodeId).toBe("a");
});

test("who got a copy from a slave and comes back for another is left to the master, until it is a member", () => {
  const copies = open();
  copies.note("a", { nodeId: "j", progress: PROGRESS });
  copies.note("a", undefined);
  expect(copies.sourceFor("j", THERE)).toBeNull();
  copies.admitted("j");
  expect(copies.sourceFor("j", THERE)?.nodeId).toBe("a");
});

test("who asks again is named the same slave, and one that never came for its copy holds nobody up for long", async () => {
  const clock = new VirtualClock();
  const events = new EventHistory({ nodeId: "m", clock });
  const copies = open(clock, events);
  expect(copies.sourceFor("j", THERE)?.nodeId).toBe("a");
  expect(copies.sourceFor("j", THERE)?.nodeId).toBe("a");
  expect(events.list({ after: 0, limit: 10 }).events).toHaveLength(1);
  expect(copies.sourceFor("k", THERE)).toBeNull();
  await clock.advance(60_001);
  expect(copies.sourceFor("k", THERE)?.nodeId).toBe("a");
});
