import { describe, expect, it } from "vitest";
import type { ForwardAnswer } from "@understudy/client";
import { seededRandom, VirtualClock, type Clock } from "@understudy/kernel";
import { ERROR_TABLE, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import { sendKeyed } from "./send-keyed.ts";

const answered = (status: number, body: object = {}): ForwardAnswer => ({
  status,
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
});
const problem = (code: ErrorCode): ForwardAnswer => answered(ERROR_TABLE[code].status, { code });
const broken = new UnderstudyError("write-uncertain", "it broke");
const refused = new UnderstudyError("no-leader", "it refuses connections");

/** Sends to a master that does, try by try, what is listed, and the last for ever; sleeping takes no time but the clock's. */
async function send(first: ForwardAnswer | Error, ...others: readonly (ForwardAnswer | Error)[]) {
  const clock = new VirtualClock();
  const steps = [first, ...others];
  let tries = 0;
  const attempt = async (): Promise<ForwardAnswer> => {
    const step = steps[Math.min(tries++, steps.length - 1)] ?? first;
    if (step instanceof Error) throw step;
    return step;
  };
  const ticking: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms) => clock.advance(ms),
  };
  const options = { clock: ticking, random: seededRandom(1), signal: new AbortController().signal };
  const end = await sendKeyed(attempt, options).then(
    (answer) => ({ answer, error: null }),
    (error: unknown) => ({ answer: null, error }),
  );
  return { ...end, tries, tookMs: clock.monotonicMs() };
}

describe("sendKeyed", () => {
  it("sends once what is answered, be it an error", async () => {
    for (const answer of [
      answered(201),
      problem("duplicate-key"),
      problem("overloaded"),
      problem("starting"),
    ]) {
      expect(await send(answer)).toMatchObject({ answer, tries: 1 });
    }
  });

  it("does not wait for a master that was never reached", async () => {
    expect(await send(refused, answered(201))).toMatchObject({ error: refused, tries: 1 });
  });

  it("sends again after a broken connection, until the master answers for the write", async () => {
    expect(await send(broken, refused, refused, problem("starting"), answered(201))).toMatchObject({
      answer: { status: 201 },
      tries: 5,
    });
    expect(await send(problem("write-uncertain"), answered(200))).toMatchObject({ answer: { status: 200 } });
  });

  it("tells an error that answers for the write", async () => {
    expect(await send(broken, problem("duplicate-key"))).toMatchObject({ answer: { status: 409 }, tries: 2 });
  });

  it("stays uncertain, and does not say that nothing was done, where no answer comes for 10 s", async () => {
    for (const never of [refused, broken, problem("starting"), problem("database-unavailable")]) {
      const { error, tookMs, tries } = await send(broken, never);
      expect(error).toMatchObject({ code: "write-uncertain" });
      expect(tries).toBeGreaterThan(5);
      expect(tookMs).toBeGreaterThan(10_000);
      expect(tookMs).toBeLessThan(12_500);
    }
  });
});
