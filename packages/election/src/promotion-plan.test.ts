import { describe, expect, it } from "vitest";
import { sampleState, UUID, type SampleMember, type SampleStore } from "../test/sample-state.ts";
import { hasAllOf, planPromotion, type PromotionPlan } from "./promotion-plan.ts";

const SYNC = { leader: "m", epoch: "1", members: ["a", "b"], acks: 1 };
const CLOSED: SampleMember = { closed: "1" };

function plan(store: SampleStore, isBinding = true): PromotionPlan {
  return planPromotion({ state: sampleState({ epoch: "1", ...store }), maxLagMs: 10_000, isBinding });
}

function reasonOf({ candidates }: PromotionPlan, nodeId: string): string | undefined {
  return candidates.find((candidate) => candidate.nodeId === nodeId)?.reason;
}

describe("planPromotion: what must be there", () => {
  it("F1: enough of those in sync that every confirmed write is with one of them", () => {
    const sync = { ...SYNC, members: ["a", "b", "c"], acks: 2 };
    expect(plan({ sync, members: { a: CLOSED, b: CLOSED } })).toMatchObject({
      winner: "a",
      relied: ["a", "b"],
    });
    const few = plan({ sync, members: { a: CLOSED, x: CLOSED } });
    expect(few).toMatchObject({ winner: null, order: [] });
    expect(few.blocked[0]).toMatch(
      /^1 of the 3 slaves in sync are there \(a\), and 2 are needed .*missing: b, c, or .*m$/,
    );
  });

  it("F1: only those count that have closed and whose data is the cluster's", () => {
    expect(plan({ sync: SYNC, members: { a: CLOSED, b: {} } })).toMatchObject({ winner: null, open: ["b"] });
    expect(plan({ sync: SYNC, members: { a: CLOSED, b: { closed: "0" } } }).winner).toBeNull();
    expect(
      plan({ sync: SYNC, members: { a: CLOSED, b: { ...CLOSED, hasHistory: false } } }).winner,
    ).toBeNull();
    expect(plan({ sync: SYNC, members: { a: CLOSED, b: CLOSED } }).winner).toBe("a");
  });

  it("F1: closed up to an earlier epoch than some data speaks of is not closed", () => {
    const members = { a: CLOSED, b: { ...CLOSED, dataEpoch: "2" } };
    expect(plan({ sync: SYNC, members }).winner).toBeNull();
  });

  it("F1: or the last master itself, with the data of that epoch", () => {
    expect(plan({ sync: SYNC, members: { m: CLOSED } }).winner).toBe("m");
    expect(
      plan({ sync: { ...SYNC, epoch: "2" }, epoch: "2", members: { m: { closed: "2" } } }).winner,
    ).toBeNull();
  });

  it("nobody is needed where writes are confirmed without acks, but the lag is looked at", () => {
    const sync = { ...SYNC, members: ["b"], acks: 0 };
    expect(plan({ sync, members: { a: CLOSED } }).winner).toBe("a");
    const late = plan({ sync, members: { a: { ...CLOSED, behindMs: 10_001 } } });
    expect(late.winner).toBeNull();
    expect(reasonOf(late, "a")).toMatch(/was behind by 10001 ms/);
    expect(plan({ sync, members: { a: { ...CLOSED, behindMs: null } } }).winner).toBeNull();
    expect(plan({ sync, members: { m: { ...CLOSED, behindMs: null } } }).winner).toBe("m");
    expect(plan({ sync: SYNC, members: { a: { ...CLOSED, behindMs: null }, b: CLOSED } }).winner).toBe("a");
  });

  it("a new cluster begins with the node that was started for it", () => {
    const fresh = { closed: "0", dataEpoch: "0", gtid: "" };
    expect(plan({ epoch: "0", members: { a: fresh } }).winner).toBeNull();
    expect(plan({ epoch: "0", members: { a: { ...fresh, startsNewCluster: true } } }).winner).toBe("a");
  });

  it("F1: every member that the data names, where the store does not know who was in sync", () => {
    const known = { ...CLOSED, knows: ["a", "b"] };
    expect(plan({ epoch: "0", members: { a: known } }).blocked[0]).toMatch(/missing: b$/);
    expect(plan({ epoch: "0", members: { a: known, b: CLOSED } }).winner).toBe("a");
  });

  it("F1: or one that has the beginning of an epoch in which nobody could confirm a write", () => {
    const first = { ...CLOSED, knows: ["a", "b"] };
    const empty = { ...CLOSED, dataEpoch: "0", gtid: "", hasHistory: false };
    expect(plan({ epoch: "1", members: { a: first, b: empty } })).toMatchObject({
      winner: "a",
      evidence: "nothing was confirmed in epoch 1, and a has all that it began with",
    });
    // given out, but its master died before it wrote anything
    expect(plan({ epoch: "2", members: { a: { ...first, closed: "2" } } }).blocked[0]).toMatch(/missing: b$/);
    // and none that follows it still
    expect(plan({ epoch: "1", members: { a: { ...first, closed: "" } } }).winner).toBeNull();
  });

  it("says so where nobody is there, or nobody fit", () => {
    expect(plan({ sync: SYNC }).blocked).toContain("no node with the cluster's data is there");
    const unfit = plan({
      sync: SYNC,
      members: { a: { ...CLOSED, unfit: "broken" }, b: { ...CLOSED, unfit: "ill" } },
    });
    expect(unfit.blocked).toEqual(["no node that is there may lead"]);
    expect(reasonOf(unfit, "a")).toBe("broken");
  });
});

describe("planPromotion: who comes first", () => {
  it("F1: only who has all that any other has, whether that one may lead or not", () => {
    const ahead = { ...CLOSED, gtid: `${UUID}:1-11` };
    expect(plan({ sync: SYNC, members: { a: CLOSED, b: ahead } }).order).toEqual(["b"]);
    const blocked = plan({ sync: SYNC, members: { a: CLOSED, b: { ...ahead, unfit: "broken" } } });
    expect(blocked.winner).toBeNull();
    expect(reasonOf(blocked, "a")).toBe("b has transactions that it lacks");
  });

  it("the higher priority, then the id", () => {
    const members = { c: CLOSED, a: CLOSED, b: { ...CLOSED, priority: 2 } };
    expect(plan({ sync: { ...SYNC, acks: 0 }, members }).order).toEqual(["b", "a", "c"]);
  });

  it("never the one that is to be replaced", () => {
    const led = { leader: "m:1", sync: SYNC, members: { m: CLOSED, a: CLOSED, b: CLOSED } };
    expect(plan(led).order).toEqual(["a", "b"]);
  });

  it("tells what would be as if all had closed, where it is not binding", () => {
    const members = { a: {}, b: {} };
    expect(plan({ sync: SYNC, members }).winner).toBeNull();
    expect(plan({ sync: SYNC, members }, false).winner).toBe("a");
  });
});

describe("hasAllOf", () => {
  const stand = (dataEpoch: string, gtid: string) => {
    const member = sampleState({ members: { a: { dataEpoch, gtid } } }).members.get("a");
    if (!member) throw new Error("not a member");
    return member;
  };

  it("F1: goes by the epoch first, and by the position within one", () => {
    expect(hasAllOf(stand("2", `${UUID}:1-3`), stand("1", `${UUID}:1-9`))).toBe(true);
    expect(hasAllOf(stand("1", `${UUID}:1-9`), stand("2", `${UUID}:1-3`))).toBe(false);
    expect(hasAllOf(stand("2", `${UUID}:1-9`), stand("2", `${UUID}:1-9`))).toBe(true);
    expect(hasAllOf(stand("2", `${UUID}:1-8`), stand("2", `${UUID}:1-9`))).toBe(false);
  });
});
