import { describe, expect, it } from "vitest";
import { madeOperation } from "./made-operation.ts";
import type { Operation } from "./operation.ts";
import { sessionFaults } from "./session-check.ts";

function inOrder(...parts: readonly Partial<Operation>[]): Operation[] {
  return parts.map((part, index) => madeOperation({ invokedMs: index * 10, ...part }));
}

describe("sessionFaults", () => {
  it("takes reads that see own writes and never less than before", () => {
    const operations = inOrder(
      { kind: "read", value: 0 },
      { value: 1 },
      { kind: "read", value: 1, node: "node2" },
      { value: 2, outcome: "unknown" },
      { kind: "read", value: 1 },
      { kind: "read", value: 2 },
      { client: "b", kind: "read", value: 1 },
      { client: "b", kind: "read", value: 2 },
      { client: "b", kind: "read", value: 0, outcome: "failed" },
      { kind: "read", key: "other", value: 0 },
    );
    expect(sessionFaults(operations)).toEqual([]);
  });

  it.each([
    ["a missed write", "missed its own write", [{ value: 1 }, { value: 2 }, { kind: "read", value: 1 }]],
    ["a register that seems empty", "missed its own write", [{ value: 1 }, { kind: "read", value: 0 }]],
    [
      "a read that goes back",
      "a node went back in time",
      [
        { value: 1 },
        { value: 2 },
        { client: "b", kind: "read", value: 2 },
        { client: "b", kind: "read", value: 1 },
      ],
    ],
    [
      "an unknown write that was seen and is gone",
      "a node went back in time",
      [
        { value: 1, outcome: "unknown" },
        { kind: "read", value: 1 },
        { kind: "read", value: 0 },
      ],
    ],
    [
      "a node that shows less than another one had",
      "another node had shown more",
      [
        { value: 1 },
        { value: 2, outcome: "unknown" },
        { kind: "read", value: 2, node: "node2" },
        { kind: "read", value: 1, node: "node1" },
      ],
    ],
    [
      "what had failed",
      "what nobody wrote",
      [
        { value: 1, outcome: "failed" },
        { kind: "read", value: 1 },
      ],
    ],
  ] as const)("finds %s", (_name, words, parts) => {
    expect(sessionFaults(inOrder(...parts))).toEqual([expect.stringContaining(words)]);
  });
});
