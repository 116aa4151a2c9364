import { expect, it } from "vitest";
import { orAbort } from "./abort.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { DeadlinePassed, withDeadline } from "./with-deadline.ts";

const forever = async (signal: AbortSignal): Promise<never> =>
  orAbort(new Promise<never>(() => undefined), signal);

it("ends a task when its time is over, and not before", async () => {
  const clock = new VirtualClock();
  const { signal } = new AbortController();
  let ended: unknown = null;
  const task = withDeadline({ clock, ms: 100, signal }, forever).catch((error: unknown) => (ended = error));
  await clock.advance(99);
  expect(ended).toBeNull();
  await clock.advance(1);
  await task;
  expect(ended).toBeInstanceOf(DeadlinePassed);
});

it("ends it with the caller's reason where that comes first", async () => {
  const caller = new AbortController();
  const reason = new Error("the caller has gone");
  const task = withDeadline({ clock: new VirtualClock(), ms: 100, signal: caller.signal }, forever);
  caller.abort(reason);
  await expect(task).rejects.toBe(reason);
});

it("gives the task's own end, after which its signal aborts no more", async () => {
  const clock = new VirtualClock();
  let seen: AbortSignal | null = null;
  const done = await withDeadline(
    { clock, ms: 100, signal: new AbortController().signal },
    async (signal) => {
      seen = signal;
      return 7;
    },
  );
  expect(done).toBe(7);
  await clock.advance(200);
  expect(seen).toMatchObject({ aborted: false });
});
