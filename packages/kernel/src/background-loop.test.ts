import { describe, expect, it } from "vitest";
import { BackgroundLoop } from "./background-loop.ts";
import { VirtualClock } from "./virtual-clock.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Ends that were told to the owner; the contract says: none that it asked for. */
function recorder(): { readonly ends: unknown[]; readonly onEnd: (error: unknown) => void } {
  const ends: unknown[] = [];
  return { ends, onEnd: (error) => void ends.push(error) };
}

describe("BackgroundLoop", () => {
  it("starts at once, and disposal aborts it and waits for its end", async () => {
    const { ends, onEnd } = recorder();
    const cleaned = Promise.withResolvers<void>();
    const steps: string[] = [];
    const loop = new BackgroundLoop(async (signal) => {
      steps.push("started");
      try {
        await new VirtualClock().sleep(1_000, signal);
      } finally {
        await cleaned.promise;
        steps.push("cleaned up");
      }
    }, onEnd);
    expect(steps).toEqual(["started"]);

    const disposing = loop[Symbol.asyncDispose]().then(() => steps.push("disposed"));
    await settle();
    expect(steps).toEqual(["started"]);
    cleaned.resolve();
    await disposing;
    expect(steps).toEqual(["started", "cleaned up", "disposed"]);
    expect(ends).toEqual([]);
  });

  it("may be disposed again, at the same time and after its end", async () => {
    const { ends, onEnd } = recorder();
    const loop = new BackgroundLoop((signal) => new VirtualClock().sleep(1_000, signal), onEnd);
    await Promise.all([loop[Symbol.asyncDispose](), loop[Symbol.asyncDispose]()]);
    await loop[Symbol.asyncDispose]();
    expect(ends).toEqual([]);
  });

  it("tells the error that ended it, once, and disposal does not throw it again", async () => {
    const { ends, onEnd } = recorder();
    const failure = new Error("broken");
    const loop = new BackgroundLoop(() => Promise.reject(failure), onEnd);
    await settle();
    expect(ends).toEqual([failure]);
    await loop[Symbol.asyncDispose]();
    expect(ends).toEqual([failure]);
  });

  it("tells when it just returned", async () => {
    const { ends, onEnd } = recorder();
    await using _loop = new BackgroundLoop(() => Promise.resolve(), onEnd);
    await settle();
    expect(ends).toEqual([undefined]);
  });

  it("treats a throw before the first await as any other end", async () => {
    const { ends, onEnd } = recorder();
    const failure = new Error("broken at once");
    await using _loop = new BackgroundLoop(() => {
      throw failure;
    }, onEnd);
    expect(ends).toEqual([failure]);
  });

  it("tells an error of its own that comes up while it is being disposed", async () => {
    const { ends, onEnd } = recorder();
    const failure = new Error("clean-up failed");
    const loop = new BackgroundLoop(async (signal) => {
      await new VirtualClock().sleep(1_000, signal).catch(() => undefined);
      throw failure;
    }, onEnd);
    await loop[Symbol.asyncDispose]();
    expect(ends).toEqual([failure]);
  });
});
