import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { ChangeSignal } from "./change-signal.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("ChangeSignal", () => {
  it("wakes everyone who waits, once", async () => {
    const change = new ChangeSignal();
    let woken = 0;
    for (let waiter = 0; waiter < 3; waiter++) {
      change.next().then(
        () => woken++,
        () => undefined,
      );
    }
    change.notify();
    await settle();
    expect(woken).toBe(3);

    change.notify();
    await settle();
    expect(woken).toBe(3);
  });

  it("loses no change between taking `next` and awaiting it", async () => {
    const change = new ChangeSignal();
    const next = change.next();
    change.notify();
    await expect(next).resolves.toBeUndefined();
  });

  it("waits until the condition holds, through changes that do not fulfil it", async () => {
    const change = new ChangeSignal();
    const { signal } = new AbortController();
    let value = 0;
    let done = false;
    const waiting = change.until(() => value >= 2, signal).then(() => (done = true));
    for (const next of [1, 2]) {
      await settle();
      expect(done).toBe(false);
      value = next;
      change.notify();
    }
    await waiting;
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("returns at once where the condition holds", async () => {
    await new ChangeSignal().until(() => true, new AbortController().signal);
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const waiting = new ChangeSignal().until(() => false, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
