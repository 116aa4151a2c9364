import { expect, test } from "vitest";
import { Sightings } from "./sightings.ts";

const at = (ms: number): string => new Date(ms).toISOString();

test("keeps the latest sighting of each node, whoever tells it", () => {
  const sightings = new Sightings({ nowMs: () => 10_000 });
  expect(sightings.of("node2")).toBeNull();
  sightings.note("node2", 4000);
  sightings.noteTold([
    { nodeId: "node2", lastSeen: at(3000) },
    { nodeId: "node3", lastSeen: at(5000) },
    { nodeId: "node4", lastSeen: null },
  ]);
  expect(["node2", "node3", "node4"].map((nodeId) => sightings.of(nodeId))).toEqual([4000, 5000, null]);
});

test("takes no word for a time that has not come, or that is none", () => {
  const sightings = new Sightings({ nowMs: () => 10_000 });
  sightings.note("node2", 70_000);
  expect(sightings.of("node2")).toBe(10_000);
  sightings.noteTold([{ nodeId: "node3", lastSeen: "yesterday" }]);
  expect(sightings.of("node3")).toBeNull();
});

test("forgets who is no member any more", () => {
  const sightings = new Sightings({ nowMs: () => 10_000 });
  sightings.note("node2", 4000);
  sightings.noteTold([{ nodeId: "node3", lastSeen: at(5000) }]);
  expect(sightings.of("node2")).toBeNull();
});
