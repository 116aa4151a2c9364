import { expect, it } from "vitest";
import { TaskQueue } from "./task-queue.ts";

const full = (): Error => new Error("full");

it("runs one task at a time, in order, also behind one that failed", async () => {
  const queue = new TaskQueue(10, full);
  const log: string[] = [];
  const task = (name: string) => async (): Promise<string> => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
    if (name === "a") throw new Error(name);
    return name;
  };
  const ends = await Promise.allSettled(["a", "b", "c"].map((name) => queue.run(task(name))));
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(queue.size).toBe(0);
});

it("takes no more than it was made for, and more again when there is room", async () => {
  const queue = new TaskQueue(2, full);
  const gate = Promise.withResolvers<void>();
  const waiting = [queue.run(() => gate.promise), queue.run(async () => undefined)];
  expect(queue.size).toBe(2);
  await expect(queue.run(async () => undefined)).rejects.toThrow("full");
  gate.resolve();
  await Promise.all(waiting);
  expect(await queue.run(async () => "room")).toBe("room");
});

it("is done when all that have come are", async () => {
  const queue = new TaskQueue(2, full);
  const gate = Promise.withResolvers<void>();
  let isDone = false;
  const running = queue.run(() => gate.promise);
  const done = queue.done().then(() => (isDone = true));
  await Promise.resolve();
  expect(isDone).toBe(false);
  gate.resolve();
  await Promise.all([running, done]);
});
