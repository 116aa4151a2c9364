import { orAbort, VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { JobBoard } from "./job-board.ts";

const never = (): Promise<void> => new Promise(() => undefined);

test("a cancelled job ends as failed, and another may begin", async () => {
  const board = new JobBoard("node1", new VirtualClock());
  const job = board.begin("switchover", (progress) => orAbort(never(), progress.cancelled), {
    isCancellable: true,
  });
  expect(board.cancel(job.id).state).toBe("running");
  await board.done();
  expect(board.get(job.id)).toMatchObject({ state: "failed", error: "it was cancelled" });
  expect(board.cancel(job.id)).toBe(board.get(job.id));
  board.begin("rebuild", async () => undefined);
  await board.done();
});

test("past the point of no return, and where it never could be, a job goes on", async () => {
  const board = new JobBoard("node1", new VirtualClock());
  for (const [kind, isCancellable] of [
    ["switchover", true],
    ["rebuild", false],
  ] as const) {
    const end = Promise.withResolvers<void>();
    const job = board.begin(
      kind,
      async (progress) => {
        progress.passNoReturn();
        await orAbort(end.promise, progress.cancelled);
      },
      { isCancellable },
    );
    expect(() => board.cancel(job.id)).toThrow(expect.objectContaining({ code: "not-cancellable" }));
    end.resolve();
    await board.done();
    expect(board.get(job.id).state).toBe("done");
  }
});

test("one that is cancelled before the point of no return does not pass it", async () => {
  const board = new JobBoard("node1", new VirtualClock());
  const ready = Promise.withResolvers<void>();
  let passed = false;
  const job = board.begin(
    "switchover",
    async (progress) => {
      await ready.promise;
      progress.passNoReturn();
      passed = true;
    },
    { isCancellable: true },
  );
  board.cancel(job.id);
  ready.resolve();
  await board.done();
  expect([passed, board.get(job.id).state]).toEqual([false, "failed"]);
});

test("there is no job of another name", () => {
  const board = new JobBoard("node1", new VirtualClock());
  expect(() => board.cancel("x")).toThrow(expect.objectContaining({ code: "not-found" }));
});

test("what runs aside stands in no other's way, is cancelled like any, and fails its caller", async () => {
  const board = new JobBoard("node1", new VirtualClock());
  const aside = board.runAside("backup", (progress) => orAbort(never(), progress.cancelled));
  board.begin("rebuild", async () => undefined);
  const second = board.runAside("backup", async () => undefined);
  await second;
  const first = board.list().at(-1);
  expect(first).toMatchObject({ kind: "backup", state: "running" });
  board.cancel(first?.id ?? "");
  await expect(aside).rejects.toThrow("it was cancelled");
  await board.done();
  expect(board.list().map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    "backup done",
    "rebuild done",
    "backup failed",
  ]);
});

test("of rebuilds that fail again and again for the same reason the first and the last are kept", async () => {
  const board = new JobBoard("node1", new VirtualClock());
  const fail = async (message: string): Promise<void> => {
    board.begin("rebuild", () => Promise.reject(new Error(message)));
    await board.done();
  };
  for (const message of ["2 bytes are free", "3 bytes are free", "no master", "4 bytes are free"])
    await fail(message);
  for (const message of ["5 bytes are free", "6 bytes are free"]) await fail(message);
  expect(board.list().map(({ error }) => error)).toEqual([
    "6 bytes are free",
    "4 bytes are free",
    "no master",
    "3 bytes are free",
    "2 bytes are free",
  ]);
});
