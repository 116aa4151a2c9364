import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";

describe("systemClock", () => {
  it("tells the time since 1970, and durations that only grow", async () => {
    const before = Date.now();
    const start = systemClock.monotonicMs();
    await systemClock.sleep(5);
    // timers may fire up to a millisecond early
    expect(systemClock.monotonicMs() - start).toBeGreaterThanOrEqual(4);
    expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before);
  });

  it("rejects a sleep with the signal's own reason, before and while it sleeps", async () => {
    const reason = new Error("enough");
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);

    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });
});
