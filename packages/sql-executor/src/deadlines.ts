import type { Clock } from "@understudy/kernel";

/** A running deadline. */
export interface Deadline {
  readonly atMs: number;
  readonly expire: () => void;
}

/**
 * Deadlines of many short calls at the cost of a set's entry each: one sleep, until the earliest of those that it knew
 * when it fell asleep, serves all of them.
 */
export class Deadlines implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #running = new Set<Deadline>();
  #wakeAtMs = Infinity;
  #sleep = new AbortController();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` once after `ms`, unless it is {@link cancel}led before. `expire` must not throw. */
  start(ms: number, expire: () => void): Deadline {
    const deadline = { atMs: this.#clock.monotonicMs() + ms, expire };
    this.#running.add(deadline);
    if (deadline.atMs < this.#wakeAtMs) this.#sleepUntil(deadline.atMs);
    return deadline;
  }

  cancel(deadline: Deadline): void {
    this.#running.delete(deadline);
  }

  /** Runs a task that has `ms`; after that `expire` must make it fail. */
  async bound<T>(ms: number, expire: () => void, task: () => Promise<T>): Promise<T> {
    const deadline = this.start(ms, expire);
    try {
      return await task();
    } finally {
      this.cancel(deadline);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#running.clear();
    this.#sleep.abort();
  }

  #sleepUntil(atMs: number): void {
    if (this.#closed) return;
    this.#sleep.abort();
    this.#sleep = new AbortController();
    this.#wakeAtMs = atMs;
    const ms = Math.max(1, Math.ceil(atMs - this.#clock.monotonicMs()));
    this.#clock.sleep(ms, this.#sleep.signal).then(
      () => this.#wake(),
      () => undefined,
    );
  }

  #wake(): void {
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Infinity;
    for (const deadline of this.#running) {
      if (deadline.atMs <= nowMs) {
        this.#running.delete(deadline);
        deadline.expire();
      } else nextMs = Math.min(nextMs, deadline.atMs);
    }
    this.#wakeAtMs = Infinity;
    if (nextMs < Infinity) this.#sleepUntil(nextMs);
  }
}
