import type { ClusterEvent } from "@understudy/protocol";
import { expect, test } from "vitest";
import { RECORDED_EVENTS } from "../../test/recorded-cluster.ts";
import { eventsOfStream } from "./server-sent-events.ts";

/** The events in `text`, which comes in pieces of `size` bytes. */
async function eventsIn(text: string, size = 7): Promise<ClusterEvent[]> {
  const bytes = new TextEncoder().encode(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
  }
  return Array.fromAsync(eventsOfStream(chunks()));
}

const lines = (event: object): string => `event: joined\nid: 1\ndata: ${JSON.stringify(event)}\n\n`;

test("events come in their order, however the bytes are cut, in characters of several bytes too", async () => {
  const told = RECORDED_EVENTS.map((event) => ({ ...event, message: `${event.message} – 東京 🚀` }));
  const text = told.map(lines).join("");
  for (const size of [1, 2, 3, 7, 1_000_000]) expect(await eventsIn(text, size)).toEqual(told);
  expect(await eventsIn(text.replaceAll("\n", "\r\n"), 3)).toEqual(told);
});

test("comments, other fields and what is no event are left out", async () => {
  const [event = {}] = RECORDED_EVENTS;
  const noise = ': still there\n\nretry: 5\n\ndata: {\n\ndata: 7\n\ndata: null\n\ndata: {"id":"1"}\n\n';
  expect(await eventsIn(noise + lines(event) + noise)).toEqual([event]);
});

test("a kind that a newer release has is shown like any other", async () => {
  const event = { ...RECORDED_EVENTS[0], kind: "of-tomorrow" };
  expect(await eventsIn(lines(event))).toEqual([event]);
});

test("half a line at the end is no event", async () => {
  expect(await eventsIn(lines(RECORDED_EVENTS[0] ?? {}).trimEnd())).toEqual([]);
});

test("a line without an end does not grow for ever", async () => {
  const [event = {}] = RECORDED_EVENTS;
  expect(await eventsIn(`data: ${"x".repeat(3_000_000)}\n\n${lines(event)}`, 64_000)).toEqual([event]);
});
