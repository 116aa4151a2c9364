import { expect, test } from "vitest";
import { seededRandom, systemClock } from "@understudy/kernel";
import { UnderstudyError, type ErrorCode } from "@understudy/protocol";
import type { NodeRuntime } from "../node-runtime.ts";
import { retryWithoutLeader } from "./at-master.ts";

/** A node whose role is another one after each try; `codes` are what the tries fail with, the last one again and again. */
async function failureOf(codes: readonly ErrorCode[], hasKey = true): Promise<unknown> {
  let tries = 0;
  const runtime = {
    services: {
      clock: systemClock,
      random: seededRandom(1),
      config: { leaderWaitMs: 60, hasElections: true },
    },
    current: () => ({ role: tries }),
  } as unknown as NodeRuntime;
  const options = { signal: new AbortController().signal, isRepeatable: () => hasKey };
  const task = async (): Promise<never> => {
    const code = codes[Math.min(tries++, codes.length - 1)] ?? "internal";
    throw new UnderstudyError(code, `try ${tries}`);
  };
  return retryWithoutLeader(runtime, options, task).catch((error: unknown) => error);
}

test("a write of which an earlier try may be done is not told as refused by nodes that did not take it", async () => {
  expect(await failureOf(["write-uncertain", "starting", "no-leader"])).toMatchObject({
    code: "write-uncertain",
    message: "try 1",
  });
});

test("what a later try is told for certain counts", async () => {
  expect(await failureOf(["write-uncertain", "starting", "duplicate-key"])).toMatchObject({
    code: "duplicate-key",
  });
});

test("what was never taken is told as that", async () => {
  expect(await failureOf(["no-leader", "starting"])).toMatchObject({ code: "starting" });
});

test("a write that has no key is not run again where nobody can tell what became of it", async () => {
  expect(await failureOf(["write-uncertain", "duplicate-key"], false)).toMatchObject({ message: "try 1" });
  expect(await failureOf(["no-leader", "duplicate-key"], false)).toMatchObject({ code: "duplicate-key" });
});
