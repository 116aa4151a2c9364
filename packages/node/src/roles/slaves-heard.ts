import type { Clock } from "@understudy/kernel";
import type { SlaveView } from "@understudy/replication-queue";

/** A slave that takes what it is sent acks something every second. */
const SILENCE_MS = 2500;

/** When each slave has acked last: who follows, and who only should. */
export class SlavesHeard {
  readonly #clock: Clock;
  readonly #heardAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A delivery was acked, be it an empty one. */
  note(nodeId: string): void {
    this.#heardAtMs.set(nodeId, this.#clock.monotonicMs());
  }

  /** It is no member any more. */
  forget(nodeId: string): void {
    this.#heardAtMs.delete(nodeId);
  }

  /** True for a slave that has acked lately and has no reason not to go on. */
  follows(nodeId: string, view: SlaveView | null): boolean {
    const heardAtMs = this.#heardAtMs.get(nodeId);
    if (heardAtMs === undefined || !view?.acked || view.stopped || view.queue.mode === "paused") return false;
    return this.#clock.monotonicMs() - heardAtMs < SILENCE_MS;
  }
}
