import { AsyncLocalStorage } from "node:async_hooks";
import { isAbortOf } from "./abort.ts";

/** Runs something outside of every request's context: as this module was loaded. */
const outside = AsyncLocalStorage.snapshot();

/**
 * Runs a loop for as long as its owner lives: starts `run` at once, and on disposal aborts it and waits for its end. It does not run in
 * the context of whoever began it (`AsyncLocalStorage`), which it outlives: a request's trace, for one.
 * An end that the owner did not ask for reaches `onEnd`, once, with the error (undefined when it just returned). `onEnd` must
 * not throw: there is nobody left to tell.
 */
export class BackgroundLoop implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(run: (signal: AbortSignal) => Promise<void>, onEnd: (error: unknown) => void) {
    this.#done = outside(() => this.#guard(run, onEnd));
  }

  async #guard(run: (signal: AbortSignal) => Promise<void>, onEnd: (error: unknown) => void): Promise<void> {
    const { signal } = this.#abort;
    try {
      await run(signal);
    } catch (error) {
      if (!isAbortOf(error, signal)) onEnd(error);
      return;
    }
    if (!signal.aborted) onEnd(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new DOMException("disposed", "AbortError"));
    await this.#done;
  }
}
