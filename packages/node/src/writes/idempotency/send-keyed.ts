import type { ForwardAnswer } from "@understudy/client";
import { backoffMs, type Clock, type Random } from "@understudy/kernel";
import { errorCodeOf, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import { problemCodeOf } from "../../http/problem-code.ts";

/** What {@link sendKeyed} takes. */
export interface SendKeyedOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends it, when the client is gone. */
  readonly signal: AbortSignal;
}

/** How long after the first broken connection the write is sent again. */
const AGAIN_MS = 10_000;
/** Well before the master forgets the key that a slave gave, see `KeyedWrites`. */
const TOTAL_MS_MAX = 10 * 60_000;
const BACKOFF = { baseMs: 50, maxMs: 1000 } as const;

/** Answers of a master that can't tell now what a try did whose answer was lost. */
const OPEN: ReadonlySet<ErrorCode> = new Set([
  "database-unavailable",
  "deadlock",
  "forward-loop",
  "no-leader",
  "overloaded",
  "starting",
  "write-uncertain",
]);

/**
 * Sends a write under a key to the master, and sends it again where the connection broke and nobody can tell what became of it, until
 * the master answers for it. `send` throws `no-leader` for what surely was not sent, which ends it at once while nothing was, and
 * `write-uncertain`, which is thrown here only when 10 s of trying again brought no answer.
 */
export async function sendKeyed(
  send: () => Promise<ForwardAnswer>,
  { clock, random, signal }: SendKeyedOptions,
): Promise<ForwardAnswer> {
  const startedMs = clock.monotonicMs();
  let brokeMs: number | null = null;
  for (let tries = 0; ; tries++) {
    const { answer, error, code } = await attempt(send);
    if (code === "write-uncertain") brokeMs ??= clock.monotonicMs();
    if (brokeMs === null || code === null || !OPEN.has(code)) {
      if (answer) return answer;
      throw error;
    }
    const nowMs = clock.monotonicMs();
    if (nowMs - brokeMs > AGAIN_MS || nowMs - startedMs > TOTAL_MS_MAX) {
      throw new UnderstudyError(
        "write-uncertain",
        "the connection to the master broke after the write was sent, and no try since then could tell whether it was committed",
        { cause: error },
      );
    }
    await clock.sleep(backoffMs(tries, BACKOFF, random), signal);
  }
}

interface Attempt {
  readonly answer?: ForwardAnswer;
  readonly error?: unknown;
  /** Of a problem, answered or thrown. */
  readonly code: ErrorCode | null;
}

async function attempt(send: () => Promise<ForwardAnswer>): Promise<Attempt> {
  try {
    const answer = await send();
    return { answer, code: problemCodeOf(answer) };
  } catch (error) {
    return { error, code: errorCodeOf(error) };
  }
}
