import { errnoOf } from "@understudy/binlog";
import { backoffMs, type Clock, type Random } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { BeforeCommitError } from "./before-commit-error.ts";
import { classifyDriverError } from "./driver-error.ts";

/** ER_LOCK_DEADLOCK: the whole transaction is undone. Not so a lock wait timeout (1205), which undoes a statement only. */
const DEADLOCK = 1213;
const RETRIES_MAX = 3;
const PAUSE = { baseMs: 10, maxMs: 100 } as const;

/** Bounds of {@link againAfterDeadlock}. */
export interface DeadlockRetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** For all tries together. */
  readonly timeoutMs: number;
}

/**
 * Runs a whole transaction, and again where a deadlock has undone it as a whole, at most three times more. `attempt` gets the
 * time that is left. After the last try the error's details say `retries`.
 */
export async function againAfterDeadlock<T>(
  { clock, random, timeoutMs }: DeadlockRetryOptions,
  attempt: (timeoutMs: number) => Promise<T>,
): Promise<T & { readonly retries: number }> {
  const untilMs = clock.monotonicMs() + timeoutMs;
  let leftMs = timeoutMs;
  for (let retries = 0; ; retries++) {
    try {
      return { ...(await attempt(leftMs)), retries };
    } catch (error) {
      if (!isDeadlock(error)) throw error;
      const pauseMs = 1 + backoffMs(retries, PAUSE, random);
      leftMs = Math.floor(untilMs - clock.monotonicMs() - pauseMs);
      if (retries === RETRIES_MAX || leftMs <= 0) throw withRetries(error, retries);
      await clock.sleep(pauseMs);
    }
  }
}

function isDeadlock(error: unknown): boolean {
  return errnoOf(error instanceof BeforeCommitError ? error.cause : error) === DEADLOCK;
}

function withRetries(error: unknown, retries: number): Error {
  if (error instanceof BeforeCommitError) return new BeforeCommitError(withRetries(error.cause, retries));
  const { code, message, details } = classifyDriverError(error);
  return new UnderstudyError(code, message, { cause: error, details: { ...details, retries } });
}
