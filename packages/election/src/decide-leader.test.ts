import { describe, expect, it } from "vitest";
import { sampleState } from "../test/sample-state.ts";
import { decideLeader, decideSync, type SyncFacts } from "./decide-leader.ts";

describe("decideLeader", () => {
  const cases: readonly [
    title: string,
    leader: string | undefined,
    epoch: string,
    leaseId: string | null,
    kind: string,
  ][] = [
    ["its key stands under its lease", "a:2", "2", "lease-a", "go-on"],
    ["its key stands, but it has no lease now", "a:2", "2", null, "go-on"],
    ["nobody's key stands, and it has no lease now", undefined, "2", null, "go-on"],
    ["nobody's key stands", undefined, "2", "lease-a2", "reclaim"],
    ["its key stands under its old lease", "a:2", "2", "lease-a2", "reclaim"],
    ["another leads in the next epoch", "b:3", "3", "lease-a", "step-down"],
    ["nobody leads, but the next epoch was given out", undefined, "3", "lease-a", "step-down"],
    ["another's key stands in its epoch", "b:2", "2", "lease-a", "step-down"],
    ["the store has lost its epoch", undefined, "", "lease-a", "step-down"],
  ];
  it.each(cases)("F2: where %s", (_title, leader, epoch, leaseId, kind) => {
    const state = sampleState(leader === undefined ? { epoch } : { leader, epoch });
    expect(decideLeader({ state, nodeId: "a", leaseId, epoch: 2n }).kind).toBe(kind);
  });
});

describe("decideSync", () => {
  const stored = { leader: "m", epoch: 2n, members: ["a", "b"], acks: 1 };
  const facts: SyncFacts = {
    nodeId: "m",
    epoch: 2n,
    stored,
    slaves: ["a", "b", "c"],
    following: ["a", "b"],
    acks: 1,
  };

  it("has nothing to change where the store says so", () => {
    expect(decideSync(facts)).toBeNull();
    expect(decideSync({ ...facts, following: ["b", "a"] })).toBeNull();
  });

  it("takes in and takes out, among those that the cluster knows", () => {
    expect(decideSync({ ...facts, following: ["c", "a", "b"] })?.members).toEqual(["a", "b", "c"]);
    expect(decideSync({ ...facts, following: ["b"] })?.members).toEqual(["b"]);
    expect(decideSync({ ...facts, following: ["a", "b", "x"] })).toBeNull();
  });

  it("F1: never agrees on fewer than confirm a write", () => {
    expect(decideSync({ ...facts, following: [] })).toBeNull();
    expect(decideSync({ ...facts, acks: 2, following: ["a"] })).toBeNull();
    expect(decideSync({ ...facts, acks: 0, following: [] })).toEqual({
      leader: "m",
      epoch: 2n,
      members: [],
      acks: 0,
    });
  });

  it("F1: says so anew in its own epoch and name, and where another number of acks confirms", () => {
    const anew = { leader: "m", epoch: 2n, members: ["a", "b"], acks: 1 };
    expect(decideSync({ ...facts, stored: null })).toEqual(anew);
    expect(decideSync({ ...facts, stored: { ...stored, epoch: 1n } })).toEqual(anew);
    expect(decideSync({ ...facts, stored: { ...stored, leader: "x" } })).toEqual(anew);
    expect(decideSync({ ...facts, acks: 2 })).toEqual({ ...anew, acks: 2 });
  });
});
