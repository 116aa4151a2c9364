import { describe, expect, it } from "vitest";
import { VirtualClock } from "@understudy/kernel";
import { DeliveryOrder } from "./delivery-order.ts";

const never = new AbortController().signal;

describe("the order of deliveries", () => {
  it("gives the turn to one at a time", async () => {
    const order = new DeliveryOrder(new VirtualClock(), 100);
    expect(await order.take(() => true, never)).toBe(true);
    let second: boolean | null = null;
    const waiting = order.take(() => true, never).then((got) => (second = got));
    await Promise.resolve();
    expect(second).toBeNull();
    order.release();
    expect(await waiting).toBe(true);
  });

  it("lets one that came early wait for the one before it, and no longer than it may", async () => {
    const clock = new VirtualClock();
    const order = new DeliveryOrder(clock, 100);
    let isThere = false;
    const early = order.take(() => isThere, never);
    await clock.advance(99);
    expect(await order.take(() => true, never)).toBe(true);
    // while the other is taken in, the wait does not count
    await clock.advance(1000);
    isThere = true;
    order.release();
    expect(await early).toBe(true);
    order.release();
    isThere = false;
    const late = order.take(() => isThere, never);
    await clock.advance(100);
    expect(await late).toBe(false);
  });

  it("ends with the signal", async () => {
    const order = new DeliveryOrder(new VirtualClock(), 100);
    const abort = new AbortController();
    const waiting = order.take(() => false, abort.signal);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
