import { orAbort } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { KeyedOutcome, KeyedRequest } from "./keyed-request.ts";

interface Running {
  readonly hash: Uint8Array;
  /** Null where it failed. */
  readonly outcome: Promise<KeyedOutcome | null>;
}

/** The keyed writes that this process runs now: of several tries under one key one runs, and the others wait for it. */
export class RunningKeys {
  readonly #running = new Map<string, Running>();

  /**
   * Runs `task`, or waits for the try under the same key that runs already and takes its outcome; where that one fails, the next in
   * line runs. A task is bounded by its own limits, so that the wait is. Throws `idempotency-mismatch`, what `task` throws, and the
   * signal's reason where it ends the wait.
   */
  async run(request: KeyedRequest, task: () => Promise<KeyedOutcome>): Promise<KeyedOutcome> {
    const { key, hash, signal } = request;
    for (;;) {
      const running = this.#running.get(key);
      if (!running) return await this.#start(key, hash, task);
      if (!isSame(running.hash, hash)) throw mismatch();
      const outcome = await orAbort(running.outcome, signal);
      if (outcome) return { ...outcome, isReplayed: true };
    }
  }

  async #start(key: string, hash: Uint8Array, task: () => Promise<KeyedOutcome>): Promise<KeyedOutcome> {
    const run = task();
    const outcome = run.catch(() => null);
    this.#running.set(key, { hash, outcome });
    try {
      return await run;
    } finally {
      this.#running.delete(key);
    }
  }
}

/** True where two requests under one key ask for the same. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The error of a key that was used for something else. */
export function mismatch(): UnderstudyError {
  return new UnderstudyError(
    "idempotency-mismatch",
    "this idempotency key belongs to another request; take a new key for a new request",
  );
}
