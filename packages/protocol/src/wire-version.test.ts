import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { chooseWire, speaksWire, UNTOLD_WIRE, WIRE_VERSIONS, WireRange } from "./wire-version.ts";

const speaker = (nodeId: string, oldest: number, newest: number) => ({ nodeId, wire: { oldest, newest } });

describe("the version that two nodes speak", () => {
  it("is the newest that both know, whoever asks", () => {
    const old = speaker("node1", 1, 2);
    for (const [newer, version] of [
      [speaker("node2", 1, 3), 2],
      [speaker("node2", 2, 5), 2],
      [speaker("node2", 1, 1), 1],
      [speaker("node2", 1, 2), 2],
    ] as const) {
      expect(chooseWire(old, newer)).toEqual({ kind: "chosen", version });
      expect(chooseWire(newer, old)).toEqual({ kind: "chosen", version });
    }
  });

  it("is none where they have none in common, and the one that is behind is named", () => {
    const reason =
      "node1 speaks version 1 of the interface between nodes, node2 speaks the versions 2 to 3 of the interface between nodes: upgrade node1";
    expect(chooseWire(speaker("node1", 1, 1), speaker("node2", 2, 3))).toEqual({ kind: "mismatch", reason });
    expect(chooseWire(speaker("node2", 2, 3), speaker("node1", 1, 1))).toMatchObject({
      reason: expect.stringMatching(/upgrade node1$/),
    });
  });

  it("is there between this release and one that does not say what it speaks", () => {
    expect(Value.Check(WireRange, WIRE_VERSIONS)).toBe(true);
    const choice = chooseWire({ nodeId: "a", wire: WIRE_VERSIONS }, { nodeId: "b", wire: UNTOLD_WIRE });
    expect(choice).toEqual({ kind: "chosen", version: 1 });
  });

  it("is understood within the range alone", () => {
    const wire = { oldest: 2, newest: 3 };
    expect([1, 2, 3, 4].map((version) => speaksWire(wire, version))).toEqual([false, true, true, false]);
  });
});
