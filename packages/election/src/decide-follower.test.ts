import { describe, expect, it } from "vitest";
import { sampleState, type SampleStore } from "../test/sample-state.ts";
import {
  conditionsOf,
  decideFollower,
  nextEpoch,
  sentenceOf,
  type FollowerFacts,
} from "./decide-follower.ts";

type Stand = Partial<Omit<FollowerFacts, "state">>;

/** What node `a` does, as one sentence. */
function decide(store: SampleStore, stand: Stand = {}): string {
  return sentenceOf(decideFollower(facts(store, stand)));
}

function facts(store: SampleStore, stand: Stand): FollowerFacts {
  return {
    state: sampleState(store),
    nodeId: "a",
    leaseId: "lease-a",
    isLeaseSure: true,
    isPaused: false,
    isOpen: true,
    led: null,
    closed: null,
    closedForMs: 0,
    isRefused: false,
    maxLagMs: 10_000,
    roundMs: 1000,
    ...stand,
  };
}

const SYNC = { leader: "m", epoch: "1", members: ["a", "b"], acks: 1 };

describe("decideFollower where another node leads", () => {
  const led = { leader: "m:1", epoch: "1", sync: SYNC, members: { a: {}, b: {}, m: {} } };

  it("follows it", () => {
    expect(decide(led)).toMatch(/^follows: m leads in epoch 1/);
    expect(decide(led, { closed: 0n })).toMatch(/^follows: /);
  });

  it("F1: opens first where it has closed, or may have in an earlier life, and never without a lease to say so by", () => {
    expect(decide(led, { closed: 1n })).toMatch(/^follows again: m leads and can be reached again/);
    expect(decide(led, { isOpen: false })).toMatch(/^follows again: m leads in epoch 1/);
    expect(decide(led, { closed: 1n, leaseId: null })).toMatch(/^waits: .*no lease/);
    expect(decide(led, { isOpen: false, leaseId: null })).toMatch(/^waits: .*no lease/);
  });

  it("closes where it is refused, says so, and waits for the others in sync to say the same", () => {
    expect(decide(led, { isRefused: true })).toMatch(/^takes nothing from epoch 1 any more: m refuses/);
    // closed, but for another reason: the store does not say yet that it is refused
    expect(decide(led, { isRefused: true, closed: 1n })).toMatch(/^takes nothing from epoch 1/);
    const one = { ...led, members: { a: { closed: "1", refused: "1" }, b: {}, m: {} } };
    expect(decide(one, { isRefused: true, closed: 1n })).toMatch(/^waits: .*but b does not say the same/);
  });

  it("takes the lead where it refuses every slave in sync, in place of the key that stands", () => {
    const closed = { closed: "1", refused: "1" };
    const all = { ...led, members: { a: closed, b: closed, m: {} } };
    const action = decideFollower(facts(all, { isRefused: true, closed: 1n, closedForMs: 1 }));
    expect(action).toMatchObject({ kind: "take", epoch: 2n });
    expect(action).toHaveProperty("conditions.0", { key: "leader", modRevision: 10n });
  });

  it("F9: takes no place from one that refuses it, but that nobody has followed in its epoch: that would go on for ever", () => {
    const closed = { closed: "2", refused: "2" };
    const next = { ...led, leader: "m:2", epoch: "2", members: { a: closed, b: closed, m: {} } };
    const refused = { isRefused: true, closed: null };
    // who was in sync with the master before says nothing of this one
    expect(decide(next, refused)).toMatch(/^follows/);
    expect(decide({ ...next, sync: { ...SYNC, epoch: "2", members: [] } }, refused)).toMatch(/^follows/);
    expect(decide({ ...next, sync: { ...SYNC, epoch: "2", leader: "b" } }, refused)).toMatch(/^follows/);
    expect(decide({ ...next, sync: { ...SYNC, epoch: "2", members: ["away"] } }, refused)).toMatch(
      /^follows/,
    );
    const agreed = { ...next, sync: { ...SYNC, epoch: "2" } };
    expect(decide(agreed, { ...refused, closed: 2n, closedForMs: 1 })).toMatch(/^takes the lead in epoch 3/);
  });

  it("does not wait for a slave in sync that is not there, since its key is gone with its lease", () => {
    const alone = {
      ...led,
      sync: { ...SYNC, members: ["a", "b"], acks: 2 },
      members: { a: { closed: "1", refused: "1" } },
    };
    expect(decide(alone, { isRefused: true, closed: 1n })).toMatch(/^takes the lead in epoch 2/);
  });
});

describe("decideFollower where the lead is under its own name", () => {
  it("leads where it is under its lease", () => {
    expect(decide({ leader: "a:2", epoch: "2" })).toMatch(/^begins to lead in epoch 2/);
    expect(decide({ leader: "a:2", epoch: "2" }, { led: 1n })).toMatch(/^begins to lead in epoch 2/);
  });

  it("F7: waits while its lease may be over, since the term would end as it begins", () => {
    expect(decide({ leader: "a:2", epoch: "2" }, { isLeaseSure: false })).toMatch(
      /^waits: the lead is its own/,
    );
    const old = { leader: "a:2:lease-old", epoch: "2" };
    expect(decide(old, { isLeaseSure: false })).toMatch(/^gives the lead back/);
  });

  it("leads after a failure as well: another has handed it over", () => {
    expect(decide({ leader: "a:2", epoch: "2" }, { isPaused: true })).toMatch(/^begins to lead/);
  });

  it("F3: gives it back where it is from an earlier life, or where it has led in that epoch already", () => {
    expect(decide({ leader: "a:2:lease-old", epoch: "2" })).toMatch(/^gives the lead back/);
    expect(decide({ leader: "a:2", epoch: "2" }, { leaseId: null })).toMatch(/^gives the lead back/);
    expect(decide({ leader: "a:2", epoch: "2" }, { led: 2n })).toMatch(/^gives the lead back/);
  });
});

describe("decideFollower where nobody leads", () => {
  const closed = { closed: "1" };
  const none = { epoch: "1", sync: SYNC, members: { a: closed, b: closed } };

  it("closes, until the store says so", () => {
    expect(decide(none)).toMatch(/^takes nothing from epoch 1 any more: nobody leads/);
    expect(decide({ ...none, members: { b: closed } }, { closed: 1n })).toMatch(
      /^takes nothing from epoch 1/,
    );
    expect(decide({ ...none, members: { a: {}, b: closed } }, { closed: 1n })).toMatch(/^takes nothing/);
  });

  it("F3: closes up to the highest epoch that any data speaks of, should the store have lost its own", () => {
    const lost = { members: { a: {}, b: { dataEpoch: "7" } } };
    expect(decideFollower(facts(lost, {}))).toMatchObject({ kind: "close", epoch: 7n });
  });

  it("takes the lead where it is the first, and relies on every closed member in that", () => {
    const action = decideFollower(facts(none, { closed: 1n }));
    expect(action).toMatchObject({ kind: "take", epoch: 2n });
    const keys = action.kind === "take" ? action.conditions.map(({ key }) => key) : [];
    expect(keys).toEqual(["leader", "epoch", "sync", "members/a", "members/b"]);
  });

  it("lets those who are preferred go first, a round each", () => {
    const second = { ...none, members: { a: closed, b: { ...closed, priority: 1 } } };
    expect(decide(second, { closed: 1n, closedForMs: 999 })).toMatch(/^waits: .*b comes first/);
    expect(decide(second, { closed: 1n, closedForMs: 1000 })).toMatch(/^takes the lead/);
  });

  it("F7: waits while its lease may be over", () => {
    expect(decide(none, { closed: 1n, isLeaseSure: false })).toMatch(/^waits: .*not renewed in time/);
  });

  it("F9: lets others try first where it could not begin to lead", () => {
    expect(decide(none, { closed: 1n, isPaused: true })).toMatch(/^waits: .*could not begin to lead/);
    const behind = { ...none, members: { a: { ...closed, gtid: "" }, b: closed } };
    expect(decide(behind, { closed: 1n, isPaused: true })).toMatch(/^waits: .*b has transactions/);
  });

  it("waits a round for members that are still open, and then goes without them where it may", () => {
    const open = { ...none, sync: { ...SYNC, members: ["a"] }, members: { a: closed, b: {} } };
    expect(decide(open, { closed: 1n, closedForMs: 999 })).toMatch(/^waits: .*b may still get/);
    expect(decide(open, { closed: 1n, closedForMs: 1000 })).toMatch(/^takes the lead/);
  });

  it("waits while it has no lease, lacks what another has, or too few in sync are there", () => {
    expect(decide(none, { closed: 1n, leaseId: null })).toMatch(/^waits: .*no lease/);
    const behind = { ...none, members: { a: { ...closed, gtid: "" }, b: closed } };
    expect(decide(behind, { closed: 1n })).toMatch(/^waits: .*b may, this node not: b has transactions/);
    expect(decide({ ...none, members: { a: closed } }, { closed: 1n })).toMatch(
      /^waits: .*1 of the 2 slaves in sync/,
    );
  });
});

describe("nextEpoch and conditionsOf", () => {
  it("F3: an epoch is above the store's, the leader's, that of those in sync and any data's", () => {
    expect(nextEpoch(sampleState({}))).toBe(1n);
    expect(nextEpoch(sampleState({ epoch: "4" }))).toBe(5n);
    expect(nextEpoch(sampleState({ epoch: "oops", leader: "m:6" }))).toBe(7n);
    expect(nextEpoch(sampleState({ epoch: "2", sync: { ...SYNC, epoch: "8" } }))).toBe(9n);
    expect(nextEpoch(sampleState({ epoch: "2", members: { a: { dataEpoch: "11" } } }))).toBe(12n);
  });

  it("F1: conditions name each key that is relied on, with 0 for those that must not be there", () => {
    const state = sampleState({ epoch: "1", members: { a: {}, b: {} } });
    expect(conditionsOf(state, ["b", "c"])).toEqual([
      { key: "leader", modRevision: 0n },
      { key: "epoch", modRevision: 10n },
      { key: "sync", modRevision: 0n },
      { key: "members/b", modRevision: 12n },
      { key: "members/c", modRevision: 0n },
    ]);
  });
});
