import { expect, it } from "vitest";
import { sleepOrWake } from "./sleep-or-wake.ts";
import { VirtualClock } from "./virtual-clock.ts";

const live = (): AbortSignal => new AbortController().signal;

it("sleeps its time where nobody wakes it", async () => {
  const clock = new VirtualClock();
  let isOver = false;
  const slept = sleepOrWake({ clock, ms: 1000, woken: new Promise(() => undefined), signal: live() }).then(
    () => {
      isOver = true;
    },
  );
  await clock.advance(999);
  expect(isOver).toBe(false);
  await clock.advance(1);
  await slept;
});

it("ends as soon as it is woken", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const slept = sleepOrWake({ clock: new VirtualClock(), ms: 1000, woken: promise, signal: live() });
  resolve();
  await slept;
});

it("rejects with the signal's reason", async () => {
  const abort = new AbortController();
  const woken = new Promise<void>(() => undefined);
  const slept = sleepOrWake({ clock: new VirtualClock(), ms: 1000, woken, signal: abort.signal });
  abort.abort(new Error("enough"));
  await expect(slept).rejects.toThrow("enough");
});
