import type { Clock } from "@understudy/kernel";
import type { Chance } from "./chance.ts";
import type { Scheduler } from "./scheduler.ts";

/** What a {@link SimProcess} needs. */
export interface SimProcessOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  /** How fast its monotonic clock goes; 1 is right. */
  readonly rate: number;
  /** How far its wall clock is off, in ms; read anew each time, so that it can be stepped. */
  readonly wallOffsetMs: () => number;
}

/** One life of a node's process: its clock, and whether anything that comes reaches it. */
export class SimProcess {
  readonly clock: Clock;
  readonly #of: SimProcessOptions;
  readonly #killed = new AbortController();
  #isFrozen = false;
  #held: (() => void)[] = [];

  constructor(options: SimProcessOptions) {
    this.#of = options;
    const { scheduler, rate, wallOffsetMs } = options;
    this.clock = {
      nowMs: () => scheduler.nowMs + wallOffsetMs(),
      monotonicMs: () => 1000 + scheduler.nowMs * rate,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  get isAlive(): boolean {
    return !this.#killed.signal.aborted;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Runs what has come for it: not at all when it is dead, later when it is frozen. */
  receive(task: () => void): void {
    if (!this.isAlive) return;
    if (this.#isFrozen) this.#held.push(task);
    else task();
  }

  /** After so long on its own clock. */
  after(ms: number, task: () => void): void {
    this.#of.scheduler.after(ms / this.#of.rate, () => this.receive(task));
  }

  /** Ends it where it stands: nothing of it ever runs again. */
  kill(): void {
    this.#killed.abort();
    this.#held = [];
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  /** Goes on: what was due meanwhile happens now, in any order. */
  thaw(): void {
    this.#isFrozen = false;
    const { scheduler, chance } = this.#of;
    const held = chance.shuffled(this.#held);
    this.#held = [];
    for (const task of held) scheduler.after(chance.between(0, 2), () => this.receive(task));
  }

  async #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.after(ms, resolve);
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
