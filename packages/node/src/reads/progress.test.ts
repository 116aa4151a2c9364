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
