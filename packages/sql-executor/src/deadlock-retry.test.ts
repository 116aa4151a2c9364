import { systemClock, VirtualClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { expect, test } from "vitest";
import { BeforeCommitError } from "./before-commit-error.ts";
import { againAfterDeadlock } from "./deadlock-retry.ts";

const deadlock = (errno = 1213): UnderstudyError =>
  new UnderstudyError("deadlock", "no", { details: { errno } });
const options = { clock: systemClock, random: () => 0, timeoutMs: 1_000 };

/** Throws one error after the other, then answers. */
function attempts(...errors: readonly Error[]) {
  const left = [...errors];
  const given: number[] = [];
  const attempt = async (timeoutMs: number): Promise<{ done: boolean }> => {
    given.push(timeoutMs);
    const error = left.shift();
    if (error) throw error;
    return { done: true };
  };
  return { attempt, given };
}

test("says how often it ran again, each time with the time that is left", async () => {
  const { attempt, given } = attempts(deadlock(), new BeforeCommitError(deadlock()));
  expect(await againAfterDeadlock(options, attempt)).toEqual({ done: true, retries: 2 });
  expect(given[0]).toBe(1_000);
  expect(given.slice(1).every((ms) => ms > 0 && ms < 1_000)).toBe(true);
});

test("ends after three more tries with the error of the last", async () => {
  const { attempt, given } = attempts(deadlock(), deadlock(), deadlock(), deadlock());
  await expect(againAfterDeadlock(options, attempt)).rejects.toMatchObject({
    code: "deadlock",
    details: { errno: 1213, retries: 3 },
  });
  expect(given).toHaveLength(4);
});

test("an error of the statement before COMMIT stays one", async () => {
  const { attempt } = attempts(...Array.from({ length: 4 }, () => new BeforeCommitError(deadlock())));
  const error = await againAfterDeadlock(options, attempt).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BeforeCommitError);
  expect(error).toMatchObject({ cause: { code: "deadlock", details: { retries: 3 } } });
});

test.each([
  deadlock(1205),
  new UnderstudyError("duplicate-key", "no", { details: { errno: 1062 } }),
  new Error("of nobody's table"),
])("does not run again after %s", async (error) => {
  const { attempt, given } = attempts(error);
  await expect(againAfterDeadlock(options, attempt)).rejects.toBe(error);
  expect(given).toHaveLength(1);
});

test("does not run again where no time is left", async () => {
  const { attempt, given } = attempts(deadlock());
  const clock = new VirtualClock();
  await expect(againAfterDeadlock({ ...options, clock, timeoutMs: 1 }, attempt)).rejects.toMatchObject({
    details: { retries: 0 },
  });
  expect(given).toHaveLength(1);
});
