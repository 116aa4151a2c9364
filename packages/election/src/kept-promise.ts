import type { Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { highestEpoch, type ClusterState } from "./cluster-state.ts";
import type { PromiseRequest } from "./election.ts";

/** What {@link KeptPromise} needs. */
export interface KeptPromiseOptions {
  readonly clock: Clock;
  /** A promise holds for so long. */
  readonly ttlMs: number;
  /** See `LeaseElectionOptions.promisedEpoch`. */
  readonly epochBefore: bigint | null;
}

/** What the node that is asked for a promise knows. */
interface Outlook {
  readonly state: ClusterState | null;
  /** It holds a lease, and the store has answered when it was asked last. */
  readonly reachesStore: boolean;
}

/** What a node has promised a master that can't reach the store: to accept no other for the time of a lease. */
export class KeptPromise {
  readonly #of: KeptPromiseOptions;
  #untilMs: number;
  /** A promise ends with this epoch, too; null where it is not known what an earlier life promised. */
  #epoch: bigint | null;

  constructor(options: KeptPromiseOptions) {
    this.#of = options;
    // it may have promised something just before it was restarted
    this.#untilMs = options.clock.monotonicMs() + options.ttlMs;
    this.#epoch = options.epochBefore;
  }

  /**
   * Promises it from now on, unless another is known to lead, or can be had: a master whose commits are stalled is kept only where nobody could
   * take its place, since it may be the first that commits again. True where it is promised.
   */
  give({ nodeId, epoch, stalled }: PromiseRequest, { state, reachesStore }: Outlook): boolean {
    if (stalled && reachesStore) return false;
    if (state !== null && (state.epoch > epoch || (state.leader ?? { nodeId }).nodeId !== nodeId))
      return false;
    this.#untilMs = this.#of.clock.monotonicMs() + this.#of.ttlMs;
    if (this.#epoch !== null && epoch > this.#epoch) this.#epoch = epoch;
    return true;
  }

  /** The master that it could have been given to has given the lead back itself. */
  forget(): void {
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }

  /** True while it may hold, as far as this state of the cluster tells. */
  holds(state: ClusterState | null): boolean {
    // where nobody has ever led nobody can have asked
    const epoch = state && highestEpoch(state);
    if (epoch === 0n) return false;
    // another has led since then, which it could not have while the promise held
    if (epoch !== null && this.#epoch !== null && epoch > this.#epoch) return false;
    return this.#of.clock.monotonicMs() < this.#untilMs;
  }

  /** Throws `promotion-blocked` while it may hold. */
  check(state: ClusterState | null): void {
    if (!this.holds(state)) return;
    throw new UnderstudyError(
      "promotion-blocked",
      "this node may have told the master, which can't reach etcd, that it accepts no other; try again in some seconds",
    );
  }
}
