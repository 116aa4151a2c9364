import type { GtidPosition } from "@understudy/binlog";
import type { Clock } from "@understudy/kernel";
import type { SlaveView } from "@understudy/replication-queue";

/** A slave that takes what it is sent acks something every second. */
const SILENCE_MS = 2500;

/** When each slave has acked last: who follows, and who only should. */
export class SlavesHeard {
  readonly #clock: Clock;
  readonly #heardAtMs = new Map<string, number>();
  readonly #owes = new Map<string, GtidPosition>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A delivery was acked, be it an empty one. True where the slave did not count as following before. */
  note(nodeId: string): boolean {
    const wasSilent = this.#isSilent(nodeId);
    this.#heardAtMs.set(nodeId, this.#clock.monotonicMs());
    return wasSilent;
  }

  /**
   * It has registered, when the master was at `position`. Until it has all of that it may lack what it acked in an earlier life, so
   * that its acks, and its being there, say nothing.
   */
  noteRegistered(nodeId: string, position: GtidPosition): void {
    this.#owes.set(nodeId, position);
  }

  /** It is no member any more. */
  forget(nodeId: string): void {
    this.#heardAtMs.delete(nodeId);
    this.#owes.delete(nodeId);
  }

  /** True for a slave that has acked lately and has no reason not to go on. */
  follows(nodeId: string, view: SlaveView | null): boolean {
    if (!view?.acked || view.stopped || view.queue.mode === "paused") return false;
    const owes = this.#owes.get(nodeId);
    if (owes) {
      if (!view.acked.contains(owes)) return false;
      this.#owes.delete(nodeId);
    }
    return !this.#isSilent(nodeId);
  }

  #isSilent(nodeId: string): boolean {
    const heardAtMs = this.#heardAtMs.get(nodeId);
    return heardAtMs === undefined || this.#clock.monotonicMs() - heardAtMs >= SILENCE_MS;
  }
}
