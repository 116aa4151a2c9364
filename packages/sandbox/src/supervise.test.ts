import { describe, expect, it } from "vitest";
import { BackgroundLoop, VirtualClock } from "@understudy/kernel";
import { supervise, type Supervised } from "./supervise.ts";

class FakeProcess implements Supervised {
  starts = 0;
  failures = 0;
  #exit = Promise.withResolvers<void>();

  get exited(): Promise<void> {
    return this.#exit.promise;
  }

  end(): void {
    this.#exit.resolve();
  }

  async start(): Promise<void> {
    this.starts++;
    if (this.failures-- > 0) throw new Error("not yet");
    this.#exit = Promise.withResolvers<void>();
  }
}

function watch(target: Supervised): { loop: BackgroundLoop; clock: VirtualClock; told: string[] } {
  const clock = new VirtualClock();
  const told: string[] = [];
  const options = {
    name: "node2",
    clock,
    random: () => 1,
    onProgress: (line: { text: string }) => told.push(line.text),
  };
  const loop = new BackgroundLoop(
    (signal) => supervise(target, options, signal),
    (error) => told.push(String(error)),
  );
  return { loop, clock, told };
}

describe("supervision", () => {
  it("starts again what ended, waiting longer after each failure, and tells of it", async () => {
    const target = new FakeProcess();
    const { loop, clock, told } = watch(target);
    await using _ = loop;
    target.failures = 2;
    target.end();
    await clock.advance(499);
    expect(target.starts).toBe(0);
    await clock.advance(1);
    expect(target.starts).toBe(1);
    await clock.advance(999);
    expect(target.starts).toBe(1);
    await clock.advance(1 + 2_000);
    expect(target.starts).toBe(3);
    expect(told).toEqual([
      "node2 has ended unexpectedly; starting it again",
      "node2 could not be started again: not yet",
      "node2 could not be started again: not yet",
      "node2 runs again",
    ]);
  });

  it("does nothing any more once it is disposed", async () => {
    const target = new FakeProcess();
    const { loop, clock, told } = watch(target);
    await loop[Symbol.asyncDispose]();
    target.end();
    await clock.advance(60_000);
    expect(target.starts).toBe(0);
    expect(told).toEqual([]);
  });
});
