import { ChangeSignal, orAbort } from "@understudy/kernel";
import type { Step } from "./step.ts";

/** One step is under way and so many wait behind it, their text already made. */
const WAITING_MAX = 1;

/** Does one step; see `StepRunner.run`. */
export type RunStep = (step: Step, onCommitted: (gtids: readonly string[]) => void) => Promise<void>;

/**
 * Steps in line before a session: while one is under way, the next is prepared. The first failure ends it; what waits is not done.
 */
export class Pipeline {
  readonly #run: RunStep;
  readonly #changed = new ChangeSignal();
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #failure: { readonly error: unknown } | null = null;
  /** A step failed, or was left out because of a failure. */
  #isIncomplete = false;
  #onRoom: (() => void) | null = null;

  constructor(run: RunStep) {
    this.#run = run;
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** True where a step that is given now need not wait for room. */
  get hasRoom(): boolean {
    return this.#waiting <= WAITING_MAX;
  }

  /** Resolves when there is room for another step. Throws what the pipeline ended with. */
  async room(signal: AbortSignal): Promise<void> {
    await this.#changed.until(() => this.hasRoom || this.hasFailed, signal);
    this.#throwIfFailed();
  }

  /** Calls back, at once, whenever a step is done and there is room; null ends that. */
  whenRoom(callback: (() => void) | null): void {
    this.#onRoom = callback;
  }

  /** Puts a step in line; the caller has waited for room. */
  push(step: Step, onCommitted: (gtids: readonly string[]) => void): void {
    this.#waiting += 1;
    this.#tail = this.#follow(this.#tail, step, onCommitted);
  }

  /** Resolves when all that was pushed so far is done; throws what the pipeline ended with. */
  async drained(signal: AbortSignal): Promise<void> {
    await orAbort(this.#tail, signal);
    if (this.#isIncomplete) this.#throwIfFailed();
  }

  /** Ends it, if it has not ended; what is under way runs to its own end. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#changed.notify();
  }

  /** Resolves when nothing is under way, however it went. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  async #follow(
    before: Promise<void>,
    step: Step,
    onCommitted: (gtids: readonly string[]) => void,
  ): Promise<void> {
    await before;
    try {
      if (this.#failure === null) await this.#run(step, onCommitted);
      else this.#isIncomplete = true;
    } catch (error) {
      this.#isIncomplete = true;
      this.fail(error);
    } finally {
      this.#waiting -= 1;
      this.#changed.notify();
      if (this.#failure === null && this.hasRoom) this.#onRoom?.();
    }
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
