import { VirtualClock } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { sampleState } from "../test/sample-state.ts";
import { KeptPromise } from "./kept-promise.ts";

const inEpoch = (epoch: string) => sampleState({ epoch });

function begin(before: bigint | null): { promise: KeptPromise; clock: VirtualClock } {
  const clock = new VirtualClock();
  return { promise: new KeptPromise({ clock, ttlMs: 5000, epochBefore: before }), clock };
}

function ask(promise: KeptPromise, epoch: bigint, stalled = false, reachesStore = true): boolean {
  return promise.give({ nodeId: "m", epoch, stalled }, { state: null, reachesStore });
}

describe("KeptPromise", () => {
  it("holds for the time of a lease after each promise", async () => {
    const { promise, clock } = begin(0n);
    expect(promise.holds(inEpoch("3"))).toBe(false);
    ask(promise, 3n);
    await clock.advance(4000);
    ask(promise, 3n);
    await clock.advance(4999);
    expect(promise.holds(inEpoch("3"))).toBe(true);
    await clock.advance(1);
    expect(promise.holds(inEpoch("3"))).toBe(false);
  });

  it("may be an earlier life's: in its epoch, or where nobody knows", async () => {
    for (const before of [3n, null]) {
      const { promise, clock } = begin(before);
      expect(promise.holds(inEpoch("3"))).toBe(true);
      expect(promise.holds(null)).toBe(true);
      expect(promise.holds(inEpoch("4"))).toBe(before === null);
      await clock.advance(5000);
      expect(promise.holds(inEpoch("3"))).toBe(false);
    }
  });

  it("is not weakened by a promise of an older epoch, nor where an earlier life's is not known", () => {
    const { promise } = begin(0n);
    ask(promise, 5n);
    ask(promise, 4n);
    expect(promise.holds(inEpoch("5"))).toBe(true);
    const { promise: unknown } = begin(null);
    ask(unknown, 4n);
    expect(unknown.holds(inEpoch("5"))).toBe(true);
  });

  it("is given to a master whose commits are stalled only where nobody could take its place", () => {
    const { promise } = begin(0n);
    expect(ask(promise, 3n, true, true)).toBe(false);
    expect(promise.holds(inEpoch("3"))).toBe(false);
    expect(ask(promise, 3n, true, false)).toBe(true);
    expect(promise.holds(inEpoch("3"))).toBe(true);
  });

  it("does not hold in a new cluster, nor after its master has ended", () => {
    const { promise } = begin(null);
    expect(promise.holds(sampleState({}))).toBe(false);
    promise.forget();
    expect(promise.holds(inEpoch("3"))).toBe(false);
  });
});
