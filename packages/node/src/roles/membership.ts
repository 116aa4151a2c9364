import { ChangeSignal } from "@understudy/kernel";
import type { ClusterRecord } from "../cluster/cluster-store.ts";

/** What a slave knows of its cluster: from its own database at start, from its master since. */
export class Membership {
  /** Notified when the epoch has grown. */
  readonly epochChanged = new ChangeSignal();
  #clusterId: string | null;
  #epoch: bigint;
  #leader: { readonly nodeId: string | null; readonly url: string };

  constructor(record: ClusterRecord | null, masterUrl: string) {
    this.#clusterId = record?.clusterId ?? null;
    this.#epoch = record?.epoch ?? 0n;
    this.#leader = { nodeId: null, url: masterUrl };
  }

  /** Null before the first word from a master, on a fresh database. */
  get clusterId(): string | null {
    return this.#clusterId;
  }

  get epoch(): bigint {
    return this.#epoch;
  }

  get leader(): { readonly nodeId: string | null; readonly url: string } {
    return this.#leader;
  }

  /** Takes over what the master says; an older epoch changes nothing. */
  follow(word: { readonly clusterId: string; readonly epoch: bigint; readonly leader: string }): void {
    if (word.epoch < this.#epoch) return;
    this.#clusterId ??= word.clusterId;
    const isNewer = word.epoch > this.#epoch;
    this.#epoch = word.epoch;
    if (this.#leader.nodeId !== word.leader) this.#leader = { ...this.#leader, nodeId: word.leader };
    if (isNewer) this.epochChanged.notify();
  }
}
