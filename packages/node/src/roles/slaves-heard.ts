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

  /** A delivery was acked, be it an empty one. True where the slave did not count as following before. */
  note(nodeId: string): boolean {
    const wasSilent = this.#isSilent(nodeId);
    this.#heardAtMs.set(nodeId, this.#clock.monotonicMs());
    return wasSilent;
  }

  /** It is no member any more. */
  forget(nodeId: string): void {
    this.#heardAtMs.delete(nodeId);
  }

  /** True for a slave that has acked lately and has no reason not to go on. */
  follows(nodeId: string, view: SlaveView | null): boolean {
    if (!view?.acked || view.stopped || view.queue.mode === "paused") return false;
    return !this.#isSilent(nodeId);
  }

  #isSilent(nodeId: string): boolean {
    const heardAtMs = this.#heardAtMs.get(nodeId);
    return heardAtMs === undefined || this.#clock.monotonicMs() - heardAtMs >= SILENCE_MS;
  }
}
