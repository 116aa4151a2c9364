import { ChangeSignal } from "@understudy/kernel";
import type { ClusterRecord } from "../cluster/cluster-store.ts";

/** What a slave knows of its cluster: from its own database and data folder at start, from its master since. */
export class Membership {
  /** Notified when the epoch has grown. */
  readonly epochChanged = new ChangeSignal();
  #clusterId: string | null;
  #epoch: bigint;
  #leader: string | null = null;
  #closed: bigint | null = null;

  /** `obeysFrom`: the least epoch whose masters this node obeys, remembered over its restarts. */
  constructor(record: ClusterRecord | null, obeysFrom: bigint) {
    this.#clusterId = record?.clusterId ?? null;
    this.#epoch = record?.epoch ?? 0n;
    if (obeysFrom > this.#epoch) this.#closed = obeysFrom - 1n;
  }

  /** Null before the first word from a master, on a fresh database. */
  get clusterId(): string | null {
    return this.#clusterId;
  }

  get epoch(): bigint {
    return this.#epoch;
  }

  /** Who led by its last word; null before the first. */
  get leader(): string | null {
    return this.#leader;
  }

  /** Nothing is taken from masters of this or an earlier epoch; null where every known one is obeyed. */
  get closed(): bigint | null {
    return this.#closed !== null && this.#closed >= this.#epoch ? this.#closed : null;
  }

  /** From now on masters of `epoch` and before are not obeyed. */
  close(epoch: bigint): void {
    if (this.#closed === null || epoch > this.#closed) this.#closed = epoch;
  }

  /** Masters of `epoch` are obeyed again. */
  reopen(epoch: bigint): void {
    if (this.#closed !== null && this.#closed >= epoch) this.#closed = epoch - 1n;
  }

  /** Takes over what the master says; an older epoch changes nothing. */
  follow(word: { readonly clusterId: string; readonly epoch: bigint; readonly leader: string }): void {
    if (word.epoch < this.#epoch) return;
    this.#clusterId ??= word.clusterId;
    const isNewer = word.epoch > this.#epoch;
    this.#epoch = word.epoch;
    this.#leader = word.leader;
    if (isNewer) this.epochChanged.notify();
  }
}
