import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleState } from "../test/sample-state.ts";
import { highestEpoch, readClusterState } from "./cluster-state.ts";

describe("readClusterState", () => {
  it("reads an empty store as a new cluster", () => {
    const state = readClusterState({ revision: 3n, keys: new Map() });
    expect(state).toMatchObject({ revision: 3n, leader: null, epoch: 0n, sync: null });
    expect(state.members.size).toBe(0);
    expect(state.revisionOf("leader")).toBe(0n);
  });

  it("reads what members say", () => {
    const { members } = sampleState({
      members: { a: { closed: "3", refused: "2", unfit: "broken" }, b: {} },
    });
    expect(members.get("a")).toMatchObject({ closed: 3n, refused: 2n, unfit: "broken", leaseId: "lease-a" });
    expect(members.get("b")).toMatchObject({ closed: null, refused: null, unfit: null, hasHistory: true });
  });

  it("F7: what can't be understood is not there, but its revision counts", () => {
    const garbage = fc.oneof(fc.string(), fc.json(), fc.constant('{"nodeId":"a","url":"u","epoch":"-1"}'));
    const keys = fc.constantFrom("leader", "epoch", "sync", "members/a", "members/", "config");
    fc.assert(
      fc.property(fc.dictionary(keys, garbage), (values) => {
        const stored = Object.entries(values).map(
          ([key, value]) => [key, { value, modRevision: 7n, leaseId: null }] as const,
        );
        const state = readClusterState({ revision: 9n, keys: new Map(stored) });
        expect(state.members.size).toBe(0);
        expect(state.leader).toBeNull();
        for (const [key] of stored) expect(state.revisionOf(key)).toBe(7n);
      }),
    );
  });

  it("leaves a member out whose position is no position", () => {
    expect(sampleState({ members: { a: { gtid: "0-1-5" }, b: {} } }).members.has("a")).toBe(false);
    expect(sampleState({ members: { a: { gtid: "0-1-5", flavour: "mariadb" } } }).members.has("a")).toBe(
      true,
    );
  });
});

describe("highestEpoch", () => {
  it("F3: looks at the store, the leader, those in sync and all data", () => {
    expect(highestEpoch(sampleState({}))).toBe(0n);
    const sync = { leader: "m", epoch: "5", members: [], acks: 0 };
    expect(highestEpoch(sampleState({ epoch: "3", sync }))).toBe(5n);
    expect(highestEpoch(sampleState({ epoch: "3", leader: "m:6", sync }))).toBe(6n);
    expect(highestEpoch(sampleState({ epoch: "3", sync, members: { a: { dataEpoch: "8" } } }))).toBe(8n);
  });
});
