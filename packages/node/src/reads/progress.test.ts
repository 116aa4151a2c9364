import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { expect, it } from "vitest";
import { Progress } from "./progress.ts";

const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const at = (set: string): GtidPosition => parseGtidPosition("mysql", `${UUID}:${set}`);
const FOREVER = new AbortController().signal;

it("wakes who waits as soon as their position is contained, and nobody sooner", async () => {
  const progress = new Progress(at("1-3"));
  const woken: string[] = [];
  const wait = (set: string): Promise<unknown> =>
    progress.until(at(set), FOREVER).then(() => woken.push(set));
  const waits = [wait("2"), wait("5"), wait("4-6")];
  await waits[0];
  expect(woken).toEqual(["2"]);
  progress.advance(at("1-5"));
  await waits[1];
  expect(woken).toEqual(["2", "5"]);
  progress.advance(at("1-6"));
  await waits[2];
  expect(woken).toEqual(["2", "5", "4-6"]);
});

it("lets go of who no longer waits", async () => {
  const progress = new Progress(at("1"));
  const gone = new AbortController();
  const wait = progress.until(at("2"), gone.signal);
  const reason = new Error("the caller has gone");
  gone.abort(reason);
  await expect(wait).rejects.toBe(reason);
  progress.advance(at("1-2"));
  await progress.until(at("2"), FOREVER);
});

it("moves on at about the same cost with 500 who wait for what has not come yet as with none", async () => {
  const costMs = (waiters: number): number => {
    let position = at("1");
    const progress = new Progress(position);
    for (let index = 0; index < waiters; index++) {
      progress.until(at(String(1_000_000 + index)), new AbortController().signal).catch(() => undefined);
    }
    const startedMs = performance.now();
    for (let number = 2; number < 30_000; number++) {
      position = position.withGtid(`${UUID}:${number}`);
      progress.advance(position);
    }
    return performance.now() - startedMs;
  };
  costMs(0);
  // 500 looks at each step would be 15 million
  expect(costMs(500)).toBeLessThan(5 * costMs(0) + 50);
});
