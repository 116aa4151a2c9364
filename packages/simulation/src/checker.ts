import type { SimDatabase, Transaction } from "./sim-database.ts";

/** A write that was told to its client as confirmed. */
export interface Confirmation {
  readonly nodeId: string;
  readonly id: string;
  readonly epoch: bigint;
  /** It was confirmed by acks; else by the master's commit alone. */
  readonly wantsAcks: boolean;
}

/** What a {@link Checker} needs. */
export interface CheckerOptions {
  /** How many acks confirm a write. Where none do, nothing is promised of a write after its master. */
  readonly acks: number;
  /** Clocks go about as fast as each other and nobody forges refusals, so that leases keep two masters apart. */
  readonly isSane: boolean;
  /** The last epoch that the store has given out. */
  readonly storeEpoch: () => bigint;
}

/** Looks at everything that happens from outside, and says what must not have. */
export class Checker {
  readonly violations: string[] = [];
  confirmedByAcks = 0;
  confirmedAlone = 0;
  reads = 0;
  readonly #of: CheckerOptions;
  readonly #acked = new Map<string, bigint>();
  readonly #confirmed = new Set<string>();
  readonly #committed = new Map<string, Transaction>();
  readonly #ledWith = new Map<bigint, ReadonlySet<string>>();
  readonly #obeyed = new Map<string, bigint>();
  readonly #mustSee = new Set<string>();
  readonly #mustSeeInOrder: string[] = [];

  constructor(options: CheckerOptions) {
    this.#of = options;
  }

  /** How many terms began. */
  get terms(): number {
    return this.#ledWith.size;
  }

  onCommit(transaction: Transaction): void {
    this.#committed.set(transaction.id, transaction);
  }

  /** F3: a node obeys no epoch below one that it has obeyed, also after a restart. */
  onObeyed(nodeId: string, epoch: bigint): void {
    const before = this.#obeyed.get(nodeId) ?? 0n;
    if (epoch < before) this.#violate(`F3: ${nodeId} obeys epoch ${epoch} after ${before}`);
    else this.#obeyed.set(nodeId, epoch);
  }

  /** F1: a new master has everything that was confirmed before; F3: an epoch has one master. */
  onLead(nodeId: string, epoch: bigint, database: SimDatabase): void {
    if (this.#ledWith.has(epoch))
      this.#violate(`F3: ${nodeId} leads in epoch ${epoch}, which had begun already`);
    this.onObeyed(nodeId, epoch);
    const ids = new Set(database.history.map(({ id }) => id));
    this.#ledWith.set(epoch, ids);
    for (const [id, confirmedIn] of this.#acked) {
      if (confirmedIn < epoch && !ids.has(id)) {
        this.#violate(`F1: ${nodeId} leads in epoch ${epoch} without ${id}, confirmed in ${confirmedIn}`);
        return;
      }
    }
  }

  /** F7: who can't tell whether it leads accepts nothing. */
  onAccepted(nodeId: string, epoch: bigint): void {
    const given = this.#of.storeEpoch();
    if (this.#of.isSane && given !== epoch) {
      this.#violate(`F7: ${nodeId} accepts a write in epoch ${epoch} after ${given} was given out`);
    }
  }

  /** F2: nobody confirms once another was given the lead; F1: what is confirmed late by acks is in the later histories, too. */
  onConfirmed({ nodeId, id, epoch, wantsAcks }: Confirmation): void {
    if (this.#confirmed.has(id)) this.#violate(`F2: ${id} was confirmed twice`);
    this.#confirmed.add(id);
    const given = this.#of.storeEpoch();
    if (this.#of.isSane && given !== epoch) {
      this.#violate(`F2: ${nodeId} confirms ${id} in epoch ${epoch} after ${given} was given out`);
    }
    if (!wantsAcks || this.#of.acks === 0) {
      this.confirmedAlone++;
      return;
    }
    this.confirmedByAcks++;
    this.#acked.set(id, epoch);
    this.#noteSeen(id);
    for (const [later, ids] of this.#ledWith) {
      if (later > epoch && !ids.has(id)) {
        this.#violate(`F1: ${nodeId} confirms ${id} in epoch ${epoch}, which epoch ${later} began without`);
      }
    }
  }

  /** To be given to {@link onRead}: what a strong read that begins now must see. */
  beginRead(): number {
    return this.#mustSeeInOrder.length;
  }

  /** Strong reads are linearizable: each sees all that was confirmed, or that a strong read had shown, before it began. */
  onRead(read: {
    readonly nodeId: string;
    readonly epoch: bigint;
    readonly history: readonly Transaction[];
    readonly begun: number;
  }): void {
    if (this.#of.acks === 0) return;
    this.reads++;
    const ids = new Set(read.history.map(({ id }) => id));
    for (const id of this.#mustSeeInOrder.slice(0, read.begun)) {
      if (ids.has(id)) continue;
      this.#violate(`strong read: ${read.nodeId} in epoch ${read.epoch} does not see ${id}`);
      return;
    }
    for (const { id } of read.history) this.#noteSeen(id);
  }

  /** F8 and F1 at the end: all that was ever committed is in the live history or in a quarantine, what was confirmed in the first. */
  onEnd(live: SimDatabase, quarantined: readonly Transaction[]): void {
    const aside = new Set(quarantined.map(({ id }) => id));
    for (const id of this.#committed.keys()) {
      if (!live.has(id) && !aside.has(id)) this.#violate(`F8: ${id} is in no history and in no quarantine`);
    }
    for (const id of this.#acked.keys()) {
      if (!live.has(id)) this.#violate(`F1: ${id}, confirmed by acks, is not in the last history`);
    }
  }

  /** F9, where the cluster has not come together again. */
  onStuck(why: string): void {
    this.#violate(`F9: ${why}`);
  }

  #noteSeen(id: string): void {
    if (this.#mustSee.has(id)) return;
    this.#mustSee.add(id);
    this.#mustSeeInOrder.push(id);
  }

  #violate(sentence: string): void {
    this.violations.push(sentence);
  }
}
