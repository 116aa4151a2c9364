import { silentLogger } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { sampleState } from "../test/sample-state.ts";
import { TwinWatch } from "./twin-watch.ts";

function openWatch() {
  const notes: string[] = [];
  const watch = new TwinWatch({
    nodeId: "a",
    url: "http://a",
    host: { note: (sentence) => void notes.push(sentence) },
    logger: silentLogger,
  });
  return { notes, watch };
}

describe("TwinWatch", () => {
  const other = sampleState({ members: { a: { url: "http://elsewhere" } } });

  it("tells once of a key that another address has overwritten", () => {
    const { notes, watch } = openWatch();
    watch.look(other, 5n);
    watch.look(sampleState({ members: { a: {} } }), 5n);
    watch.look(other, 5n);
    expect(notes).toEqual([expect.stringContaining("at http://elsewhere, has the node id a as well")]);
  });

  it("takes neither its own key nor what an earlier life left at another address for a twin", () => {
    const { notes, watch } = openWatch();
    watch.look(other, null);
    watch.look(other, 10n);
    watch.look(sampleState({ members: { a: {}, b: { url: "http://elsewhere" } } }), 5n);
    expect(notes).toEqual([]);
  });
});
