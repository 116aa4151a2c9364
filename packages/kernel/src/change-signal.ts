import { orAbort } from "./abort.ts";

/**
 * Wakes everyone who waits for a change, once. Waiters re-check their own condition, so there is no lost wake-up:
 * take `next()` before checking, then check, then await it.
 */
export class ChangeSignal {
  #current = Promise.withResolvers<void>();

  /** Wakes all current waiters. */
  notify(): void {
    const { resolve } = this.#current;
    this.#current = Promise.withResolvers<void>();
    resolve();
  }

  /** Resolves at the next `notify`. */
  next(): Promise<void> {
    return this.#current.promise;
  }

  /** Resolves as soon as `condition` holds; it is checked now and after each `notify`. Rejects with the signal's reason. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      const next = this.next();
      if (condition()) return;
      await orAbort(next, signal);
    }
  }
}
