import { ChangeSignal, orAbort, type Clock } from "@understudy/kernel";

/** One delivery at a time is taken in; the next begins where the one before has ended, in whatever order they arrive. */
export class DeliveryOrder {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #changed = new ChangeSignal();
  #isTaken = false;

  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  /**
   * Waits for the turn: nobody else takes in, and `continues()` holds. False when `continues()` has not held for the whole
   * wait while nobody else was taking in. True means: the turn is the caller's, until `release`.
   */
  async take(continues: () => boolean, signal: AbortSignal): Promise<boolean> {
    let idleSince: number | null = null;
    for (;;) {
      signal.throwIfAborted();
      const next = this.#changed.next();
      if (!this.#isTaken) {
        if (continues()) {
          this.#isTaken = true;
          return true;
        }
        idleSince ??= this.#clock.monotonicMs();
        const leftMs = idleSince + this.#waitMs - this.#clock.monotonicMs();
        if (leftMs <= 0) return false;
        await this.#either(next, leftMs, signal);
      } else {
        idleSince = null;
        await orAbort(next, signal);
      }
    }
  }

  /** Gives the turn back. */
  release(): void {
    this.#isTaken = false;
    this.#changed.notify();
  }

  /** Lets those who wait look again at what they wait for. */
  notify(): void {
    this.#changed.notify();
  }

  async #either(change: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const sleep = this.#clock.sleep(ms, timer.signal).catch(() => undefined);
    try {
      await orAbort(Promise.race([change, sleep]), signal);
    } finally {
      timer.abort();
      await sleep;
    }
  }
}
