import { describe, expect, it } from "vitest";
import { entriesOf } from "./timeline.ts";

describe("entriesOf", () => {
  it("reads a node's log, and its last words", () => {
    const log = [
      '{"level":30,"time":1000,"node":"node1","event":"election","msg":"leads in epoch 2"}',
      '{"level":40,"time":2000,"node":"node1","event":"trouble","msg":"it is late"}',
      "Error: out of memory",
      "",
    ].join("\n");
    expect(entriesOf("node1", log)).toEqual([
      { atMs: 1000, who: "node1", what: "election: leads in epoch 2" },
      { atMs: 2000, who: "node1", what: "! trouble: it is late" },
      { atMs: 2000, who: "node1", what: "Error: out of memory" },
    ]);
  });
});
