import type { GtidPosition } from "@understudy/binlog";
import { DeadlinePassed, withDeadline, type Clock } from "@understudy/kernel";
import { errorCodeOf, UnderstudyError, type AckLevel, type WriteOptions } from "@understudy/protocol";
import type { AckSet, BrokenRule } from "@understudy/election";
import type { ReplicationQueue } from "@understudy/replication-queue";
import { ackGoalOf, checkAckLevel } from "./ack-goal.ts";

/** What {@link WriteAcks} needs. */
export interface WriteAcksOptions {
  readonly queue: Pick<ReplicationQueue, "ackedBy" | "waitForAcks">;
  /** How many slaves the cluster knows, up or down. */
  readonly slaves: () => number;
  /** Where a write names no level. */
  readonly defaultAck: AckLevel;
  readonly clock: Clock;
  /**
   * Of which slaves the acks count for a later election; null where nothing is agreed on yet, so that no ack counts. Left out in
   * a cluster without elections.
   */
  readonly conditions?: (() => readonly AckSet[] | null) | undefined;
  /** Throws where this node can't be sure to lead. Asked when all acks are there. */
  readonly checkLeads: () => void;
  /** See `NodeConfig.brokenRule`. */
  readonly broken?: BrokenRule | null;
  /** The role's end: who is a master no longer waits for no acks. */
  readonly ended: AbortSignal;
  /** Told of every wait: how it ended (`confirmed`, or an error's code), and how long it took. */
  readonly onWaited?: (result: string, tookMs: number) => void;
}

/** A committed write to be confirmed. */
export interface CommittedWrite {
  readonly position: GtidPosition;
  /** As its answer tells it. */
  readonly positionText: string;
}

/** Waits for the slaves that a write is to be on before it is confirmed. */
export class WriteAcks {
  readonly #of: WriteAcksOptions;

  constructor(options: WriteAcksOptions) {
    this.#of = options;
  }

  /** To be called before anything is written. Throws `invalid-request` where there are not so many slaves. */
  check({ ack }: Pick<WriteOptions, "ack">): void {
    checkAckLevel(ack ?? this.#of.defaultAck, this.#of.slaves());
  }

  /**
   * Resolves with all slaves that have it once they are enough, and this node surely leads still. Throws `ack-timeout` with
   * `committed: true`, and `write-uncertain` where another master may have begun meanwhile.
   */
  async wait(write: CommittedWrite, options: WriteOptions): Promise<string[]> {
    const { clock, onWaited } = this.#of;
    const startedMs = clock.monotonicMs();
    try {
      const acks = await this.#wait(write, options);
      this.#checkLeads(write);
      onWaited?.("confirmed", clock.monotonicMs() - startedMs);
      return acks;
    } catch (error) {
      onWaited?.(errorCodeOf(error), clock.monotonicMs() - startedMs);
      throw error;
    }
  }

  #checkLeads(write: CommittedWrite): void {
    try {
      this.#of.checkLeads();
    } catch (error) {
      throw this.#unsure(write, error);
    }
  }

  /** Whether a write that was committed earlier is confirmed by now: enough slaves have it, and this node surely leads still. */
  isConfirmed(position: GtidPosition, ack: AckLevel | undefined): boolean {
    const { queue, slaves, defaultAck, checkLeads } = this.#of;
    const goal = ackGoalOf(ack ?? defaultAck, slaves());
    const acks = queue.ackedBy(position);
    if (goal > 0 && !(acks.length >= goal && this.#counts(acks, goal))) return false;
    try {
      checkLeads();
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Resolves once all of it is what every later master will have. Without elections nobody promises that, and nothing is waited for.
   * Throws `too-stale` where it does not come to that in time, `no-leader` where this node can't be sure to lead then.
   */
  async untilAgreed(
    position: GtidPosition,
    { ms, signal }: { ms: number; signal: AbortSignal },
  ): Promise<void> {
    const { queue, clock, conditions, checkLeads } = this.#of;
    if (!conditions) return;
    const wanted = (): number => Math.max(0, ...(conditions() ?? []).map(({ acks }) => acks));
    const isEnough = (acked: readonly string[]): boolean => this.#counts(acked, Number.POSITIVE_INFINITY);
    if (!isEnough(queue.ackedBy(position))) {
      await withDeadline({ clock, ms, signal }, async (until) =>
        queue.waitForAcks({ position, wanted, isEnough, signal: until }),
      ).catch((error: unknown) => {
        if (!(error instanceof DeadlinePassed)) throw error;
        throw new UnderstudyError(
          "too-stale",
          `what was read may hold writes that not enough slaves have, and they did not ack them within ${ms} ms`,
        );
      });
    }
    checkLeads();
  }

  async #wait(write: CommittedWrite, options: WriteOptions): Promise<string[]> {
    const { queue, slaves, defaultAck, clock, ended } = this.#of;
    const { position } = write;
    const wanted = (count: number): number => ackGoalOf(options.ack ?? defaultAck, count);
    const acks = queue.ackedBy(position);
    const goal = wanted(slaves());
    if (goal === 0 || this.#of.broken === "acks") return acks;
    const isEnough = (acked: readonly string[]): boolean => this.#counts(acked, wanted(slaves()));
    if (acks.length >= goal && isEnough(acks)) return acks;
    const ms = options.ackTimeoutMs;
    try {
      return await withDeadline({ clock, ms, signal: ended }, async (signal) =>
        queue.waitForAcks({ position, wanted, isEnough, signal }),
      );
    } catch (error) {
      if (ended.aborted && this.#of.conditions) throw this.#unsure(write, error);
      throw this.#unconfirmed(write, { wanted: wanted(slaves()), ms, error });
    }
  }

  /** Whether a later election takes these acks into account, so far as the write asked for acks. */
  #counts(acked: readonly string[], goal: number): boolean {
    const { conditions } = this.#of;
    if (!conditions) return true;
    const sets = conditions();
    if (!sets) return false;
    return sets.every(
      ({ members, acks }) =>
        acked.filter((nodeId) => members.includes(nodeId)).length >= Math.min(goal, acks),
    );
  }

  #unsure({ positionText }: CommittedWrite, cause: unknown): UnderstudyError {
    return new UnderstudyError(
      "write-uncertain",
      "this node ceased to be the master while the write was under way, so the next one may have it or not",
      { details: { position: positionText }, cause },
    );
  }

  #unconfirmed(
    { position, positionText }: CommittedWrite,
    { wanted, ms, error }: { readonly wanted: number; readonly ms: number; readonly error: unknown },
  ): UnderstudyError {
    const acks = this.#of.queue.ackedBy(position);
    const why =
      error instanceof DeadlinePassed ? `within ${ms} ms` : "before this node ceased to be the master";
    return new UnderstudyError(
      "ack-timeout",
      `the write is committed on the master, but ${acks.length} of the ${wanted} wanted slaves acked it ${why}`,
      { details: { committed: true, position: positionText, acks, wanted }, cause: error },
    );
  }
}
