import type { GtidPosition } from "@understudy/binlog";
import { DeadlinePassed, withDeadline, type Clock } from "@understudy/kernel";
import { UnderstudyError, type AckLevel, type WriteOptions } from "@understudy/protocol";
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
  /** The role's end: who is a master no longer waits for no acks. */
  readonly ended: AbortSignal;
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

  /** Resolves with all slaves that have it once they are enough. Throws `ack-timeout` with `committed: true`. */
  async wait(write: CommittedWrite, options: WriteOptions): Promise<string[]> {
    const { queue, slaves, defaultAck, clock, ended } = this.#of;
    const { position } = write;
    const wanted = (count: number): number => ackGoalOf(options.ack ?? defaultAck, count);
    const acks = queue.ackedBy(position);
    if (acks.length >= wanted(slaves())) return acks;
    const ms = options.ackTimeoutMs;
    try {
      return await withDeadline({ clock, ms, signal: ended }, async (signal) =>
        queue.waitForAcks({ position, wanted, signal }),
      );
    } catch (error) {
      throw this.#unconfirmed(write, { wanted: wanted(slaves()), ms, error });
    }
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
