import { describe, expect, it } from "vitest";
import { Pipeline } from "./pipeline.ts";
import type { Step } from "./step.ts";

const signal = new AbortController().signal;
const step = (gtid: string): Step => ({ kind: "finish", gtid });
const ignore = (): void => undefined;

/** A runner whose steps end when they are told to. */
function heldRunner(): {
  readonly run: (step: Step) => Promise<void>;
  readonly begun: string[];
  end(error?: Error): void;
} {
  const begun: string[] = [];
  let current = Promise.withResolvers<void>();
  return {
    begun,
    run: (given) => {
      begun.push(given.kind === "finish" ? given.gtid : given.kind);
      current = Promise.withResolvers<void>();
      return current.promise;
    },
    end: (error) => (error ? current.reject(error) : current.resolve()),
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a pipeline", () => {
  it("runs one step after another and has room for one that waits", async () => {
    const runner = heldRunner();
    const pipeline = new Pipeline(runner.run);
    pipeline.push(step("a"), ignore);
    expect(pipeline.hasRoom).toBe(true);
    pipeline.push(step("b"), ignore);
    expect(pipeline.hasRoom).toBe(false);
    await settle();
    expect(runner.begun).toEqual(["a"]);
    runner.end();
    await pipeline.room(signal);
    await settle();
    expect(runner.begun).toEqual(["a", "b"]);
    runner.end();
    await pipeline.drained(signal);
  });

  it("leaves out what waits behind a failure, and says so to all", async () => {
    const runner = heldRunner();
    const pipeline = new Pipeline(runner.run);
    pipeline.push(step("a"), ignore);
    pipeline.push(step("b"), ignore);
    await settle();
    runner.end(new Error("no"));
    await expect(pipeline.drained(signal)).rejects.toThrow("no");
    await expect(pipeline.room(signal)).rejects.toThrow("no");
    expect(runner.begun).toEqual(["a"]);
    expect(pipeline.hasFailed).toBe(true);
  });

  it("that is closed after its work was done does not call that work failed", async () => {
    const runner = heldRunner();
    const pipeline = new Pipeline(runner.run);
    pipeline.push(step("a"), ignore);
    await settle();
    runner.end();
    await pipeline.settled();
    pipeline.fail(new Error("closed"));
    await pipeline.drained(signal);
    pipeline.push(step("b"), ignore);
    await expect(pipeline.drained(signal)).rejects.toThrow("closed");
  });

  it("calls back when there is room", async () => {
    const runner = heldRunner();
    const pipeline = new Pipeline(runner.run);
    let calls = 0;
    pipeline.whenRoom(() => (calls += 1));
    pipeline.push(step("a"), ignore);
    await settle();
    expect(calls).toBe(0);
    runner.end();
    await settle();
    expect(calls).toBe(1);
    pipeline.whenRoom(null);
  });
});
