import { ChangeSignal } from "@understudy/kernel";
import type { SyncSet } from "./cluster-state.ts";

/**
 * By whose acks a master confirms writes: those that the store says are in sync, and while that changes, those that it will say, too.
 * So whichever of the two a later candidate finds in the store, it holds for every confirmed write (F1).
 */
export class SyncAgreement {
  /** Notified when another condition holds. */
  readonly changed = new ChangeSignal();
  readonly #epoch: bigint;
  readonly #nodeId: string;
  #stored: SyncSet | null = null;
  #pending: SyncSet | null = null;

  constructor(nodeId: string, epoch: bigint) {
    this.#nodeId = nodeId;
    this.#epoch = epoch;
  }

  /** What the store says was read again. Of another epoch or master it is no base to confirm on. */
  noteStored(stored: SyncSet | null): void {
    const isOwn = stored !== null && stored.epoch === this.#epoch && stored.leader === this.#nodeId;
    const own = isOwn ? stored : null;
    if (isSame(own, this.#stored)) return;
    this.#stored = own;
    if (isSame(own, this.#pending)) this.#pending = null;
    this.changed.notify();
  }

  /** The store is about to say so: from now on it counts besides. Undone by null. */
  propose(next: SyncSet | null): void {
    if (isSame(next, this.#pending)) return;
    this.#pending = next;
    this.changed.notify();
  }

  /** All of these have to hold for a write to be confirmed; null where nothing is agreed on yet, so that none can be. */
  conditions(): readonly SyncSet[] | null {
    if (!this.#stored) return null;
    return this.#pending ? [this.#stored, this.#pending] : [this.#stored];
  }
}

/** As the store has it. */
export function formatSync(sync: SyncSet): string {
  return JSON.stringify({ ...sync, epoch: sync.epoch.toString() });
}

function isSame(a: SyncSet | null, b: SyncSet | null): boolean {
  if (!a || !b) return a === b;
  return (
    a.leader === b.leader && a.epoch === b.epoch && a.acks === b.acks && a.members.join() === b.members.join()
  );
}
