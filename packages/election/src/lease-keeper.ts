import { ChangeSignal, messageOf, type Clock, type Logger } from "@understudy/kernel";
import type { CoordinationStore } from "./coordination-store.ts";
import type { ElectionTimings } from "./election-timings.ts";

/** What {@link LeaseKeeper} needs. */
export interface LeaseKeeperOptions {
  readonly store: Pick<CoordinationStore, "grantLease" | "keepAlive" | "revokeLease">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timings: ElectionTimings;
}

/**
 * Keeps this node's lease. How long it surely holds is measured on this machine's monotonic clock from the moment before each
 * renewal was sent, less a margin, so that it ends here before it ends in the store, whatever the clocks of other machines say.
 */
export class LeaseKeeper {
  /** Notified when there is another lease, or none, or when the one that might have been over has been renewed. */
  readonly changed = new ChangeSignal();
  readonly #options: LeaseKeeperOptions;
  #leaseId: string | null = null;
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Null while there is none. */
  get leaseId(): string | null {
    return this.#leaseId;
  }

  /** On the monotonic clock; in the past where there is no lease. */
  get validUntilMs(): number {
    return this.#validUntilMs;
  }

  /** True while there is one that is surely not over in the store. */
  get isSure(): boolean {
    return this.#options.clock.monotonicMs() < this.#validUntilMs;
  }

  /** True while there is one and the store has answered the last time it was asked. */
  get isKept(): boolean {
    return this.isSure && this.#problem === null;
  }

  /** Why the store does not answer; null while it does. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Renews until the signal aborts. Rejects with its reason only. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, timings } = this.#options;
    for (;;) {
      const begunMs = clock.monotonicMs();
      const isKept = await this.#renewOnce(signal);
      const spentMs = clock.monotonicMs() - begunMs;
      // a lease that is gone is worth another one at once, a store that is not there is not
      if (isKept) await clock.sleep(Math.max(0, timings.renewEveryMs - spentMs), signal);
    }
  }

  async #renewOnce(signal: AbortSignal): Promise<boolean> {
    const { store, clock, logger, timings } = this.#options;
    const sentMs = clock.monotonicMs();
    const before = this.#leaseId;
    const wasSure = this.isSure;
    try {
      if (before === null) this.#leaseId = await store.grantLease(timings.ttlMs, { signal });
      else if (!(await store.keepAlive(before, { signal }))) {
        this.#leaseId = null;
        this.#validUntilMs = Number.NEGATIVE_INFINITY;
        logger.warn({ event: "lease-lost" }, "this node's lease has run out in etcd");
        this.changed.notify();
        return false;
      }
      this.#validUntilMs = sentMs + timings.ttlMs - timings.marginMs;
      this.#noteProblem(null);
    } catch (error) {
      signal.throwIfAborted();
      this.#noteProblem(messageOf(error));
    }
    if (this.#leaseId !== before || (this.isSure && !wasSure)) this.changed.notify();
    return true;
  }

  #noteProblem(problem: string | null): void {
    if ((problem === null) === (this.#problem === null)) {
      this.#problem = problem;
      return;
    }
    this.#problem = problem;
    const { logger } = this.#options;
    if (problem === null) logger.info({ event: "etcd-back" }, "etcd answers again");
    else logger.warn({ event: "etcd-away" }, problem);
  }

  /** Gives the lease back, and with it all that stands under it; a store that does not answer will do so by itself. */
  async end(signal: AbortSignal): Promise<void> {
    const leaseId = this.#leaseId;
    this.#leaseId = null;
    this.#validUntilMs = Number.NEGATIVE_INFINITY;
    if (leaseId === null) return;
    try {
      await this.#options.store.revokeLease(leaseId, { signal });
    } catch (error) {
      this.#options.logger.debug({ event: "lease-not-revoked" }, messageOf(error));
    }
  }
}
