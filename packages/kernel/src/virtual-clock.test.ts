import { describe, expect, it } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

describe("VirtualClock", () => {
  it("stands still until it is advanced", async () => {
    const clock = new VirtualClock(1_000);
    let awake = false;
    const sleeping = clock.sleep(10).then(() => (awake = true));

    await clock.advance(9);
    expect(clock.nowMs()).toBe(1_009);
    expect(awake).toBe(false);

    await clock.advance(1);
    expect(awake).toBe(true);
    expect(clock.monotonicMs()).toBe(1_010);
    await sleeping;
  });

  it("wakes sleepers in order of their due time, each at its own time", async () => {
    const clock = new VirtualClock();
    const woken: [string, number][] = [];
    const sleepers = (["late", "early", "middle"] as const).map(async (name) => {
      await clock.sleep({ late: 30, early: 10, middle: 20 }[name]);
      woken.push([name, clock.nowMs()]);
    });

    await clock.advance(100);
    await Promise.all(sleepers);
    expect(woken).toEqual([
      ["early", 10],
      ["middle", 20],
      ["late", 30],
    ]);
    expect(clock.nowMs()).toBe(100);
  });

  it("wakes those that fall asleep again within one advance", async () => {
    const clock = new VirtualClock();
    const ticks: number[] = [];
    const loop = (async () => {
      for (let tick = 0; tick < 3; tick++) {
        await clock.sleep(10);
        ticks.push(clock.nowMs());
      }
    })();

    await clock.advance(30);
    await loop;
    expect(ticks).toEqual([10, 20, 30]);
  });

  it("rejects a sleep with the signal's reason, before and while it sleeps", async () => {
    const clock = new VirtualClock();
    const reason = new Error("enough");
    await expect(clock.sleep(10, AbortSignal.abort(reason))).rejects.toBe(reason);

    const controller = new AbortController();
    const sleeping = clock.sleep(10, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });
});
