import { describe, expect, it } from "vitest";
import { retry, type RetryOptions } from "./retry.ts";
import { VirtualClock } from "./virtual-clock.ts";

function options(clock: VirtualClock, more: Partial<RetryOptions> = {}): RetryOptions {
  return {
    clock,
    random: () => 1,
    baseMs: 100,
    maxMs: 250,
    attemptsMax: 4,
    isRetryable: () => true,
    ...more,
  };
}

describe("retry", () => {
  it("gives the first success, after waits that grow up to the maximum", async () => {
    const clock = new VirtualClock();
    const startedAt: number[] = [];
    const result = retry(async (attempt) => {
      startedAt.push(clock.nowMs());
      if (attempt < 3) throw new Error(`attempt ${attempt}`);
      return "done";
    }, options(clock));

    await clock.advance(1_000);
    await expect(result).resolves.toBe("done");
    expect(startedAt).toEqual([0, 100, 300, 550]);
  });

  it("ends with the last error once the tries are used up", async () => {
    const clock = new VirtualClock();
    let attempts = 0;
    const result = expect(
      retry(async (attempt) => {
        attempts++;
        throw new Error(`attempt ${attempt}`);
      }, options(clock)),
    ).rejects.toThrow("attempt 3");

    await clock.advance(1_000);
    await result;
    expect(attempts).toBe(4);
  });

  it("ends at once with an error that is not retryable", async () => {
    const clock = new VirtualClock();
    let attempts = 0;
    await expect(
      retry(
        async () => {
          attempts++;
          throw new Error("hopeless");
        },
        options(clock, { isRetryable: () => false }),
      ),
    ).rejects.toThrow("hopeless");
    expect(attempts).toBe(1);
  });

  it("ends a wait with the signal's reason, and starts nothing under an aborted signal", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const reason = new Error("stop");
    let attempts = 0;
    const task = async (): Promise<never> => {
      attempts++;
      throw new Error("down");
    };
    const result = expect(retry(task, options(clock, { signal: controller.signal }))).rejects.toBe(reason);
    await clock.advance(50);
    controller.abort(reason);
    await result;
    expect(attempts).toBe(1);

    await expect(retry(task, options(clock, { signal: controller.signal }))).rejects.toBe(reason);
    expect(attempts).toBe(1);
  });
});
