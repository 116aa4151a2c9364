import {
  BackgroundLoop,
  ChangeSignal,
  messageOf,
  orAbort,
  sleepOrWake,
  withDeadline,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import type { BrokenRule } from "./broken-rule.ts";
import { KEYS } from "./cluster-keys.ts";
import { memberKey, type ClusterState, type SyncSet } from "./cluster-state.ts";
import type { CoordinationStore } from "./coordination-store.ts";
import { conditionsOf } from "./decide-follower.ts";
import { decideLeader, decideSync } from "./decide-leader.ts";
import type { ElectionHost } from "./election-host.ts";
import type { ElectionTimings } from "./election-timings.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { planPromotion } from "./promotion-plan.ts";
import { formatSync, SyncAgreement } from "./sync-agreement.ts";

/** What {@link Term} needs. */
export interface TermOptions {
  readonly nodeId: string;
  readonly url: string;
  readonly epoch: bigint;
  /** The lease that the leader's key stands under. */
  readonly leaseId: string;
  /** Of the leader's key. */
  readonly leaderRevision: bigint;
  readonly store: Pick<CoordinationStore, "change">;
  readonly lease: Pick<LeaseKeeper, "leaseId" | "validUntilMs" | "changed">;
  readonly host: ElectionHost;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timings: ElectionTimings;
  /** See `PlanFacts.maxLagMs`. */
  readonly maxLagMs: number;
  /** See `LeaseElectionOptions`. */
  readonly broken?: BrokenRule | null;
  /** The term must end now: the node has to be fenced. */
  readonly onOver: (because: string) => void;
}

/** How often the lease's time is looked at. */
const LOOK_MS = 100;
const ACKED_WAIT_MS = 1000;

/** One node's lead in one epoch: its lease is watched, those in sync are kept true in the store. */
export class Term {
  readonly epoch: bigint;
  readonly sync: SyncAgreement;
  readonly #of: TermOptions;
  readonly #over = new AbortController();
  #loops: readonly BackgroundLoop[] = [];
  #failsafeUntilMs = Number.NEGATIVE_INFINITY;
  readonly #looked = new ChangeSignal();
  #latest: ClusterState | null = null;
  /** A change of those in sync of which it is not known whether it was made. */
  #unsettled: SyncSet | null = null;
  /** At which the store last said, as far as is known, who is in sync: what was read before is old. */
  #syncAt = 0n;
  #leaderRevision: bigint;
  #leaseId: string;

  constructor(options: TermOptions) {
    this.#of = options;
    this.epoch = options.epoch;
    this.#leaseId = options.leaseId;
    this.#leaderRevision = options.leaderRevision;
    this.sync = new SyncAgreement(options.nodeId, options.epoch);
  }

  /** Begins to watch its time. To be called once, with what the store said when the lead was found to be this node's; null where it took it. */
  start(state: ClusterState | null): void {
    const { logger } = this.#of;
    // who handed the lead over has settled who is in sync at first
    if (state) this.#noteStored(state);
    const loop = (run: (signal: AbortSignal) => Promise<void>): BackgroundLoop =>
      new BackgroundLoop(run, (error) => {
        // its guard's loop ends with the term
        if (error === undefined) return;
        logger.error({ event: "term-loop-ended", err: error }, messageOf(error));
      });
    this.#loops = [loop((signal) => this.#watchTime(signal)), loop((signal) => this.#keepSync(signal))];
  }

  /** Aborts when it has ended. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Until when it surely leads, on the monotonic clock. */
  get #validUntilMs(): number {
    if (this.#of.broken === "fence") return Number.POSITIVE_INFINITY;
    const { leaseId, validUntilMs } = this.#of.lease;
    // another lease says nothing of the key, which went with the first
    return leaseId === this.#leaseId ? Math.max(validUntilMs, this.#failsafeUntilMs) : this.#failsafeUntilMs;
  }

  /** True while it surely leads. */
  isValid(): boolean {
    return !this.#over.signal.aborted && this.#of.clock.monotonicMs() < this.#validUntilMs;
  }

  /** Looks at what the store says now, and acts on it. */
  async look(state: ClusterState, signal: AbortSignal): Promise<void> {
    const { nodeId, epoch, lease } = this.#of;
    const useless = this.#uselessBecause(state);
    if (useless !== null) {
      this.#of.onOver(useless);
      // where it stands has to be asked of its server anew, before it is one of the candidates
      await this.#giveBack([KEYS.leader, memberKey(nodeId)], signal);
      return;
    }
    const action = decideLeader({ state, nodeId, epoch, leaseId: lease.leaseId });
    switch (action.kind) {
      case "step-down":
        this.#of.onOver(action.because);
        return;
      case "reclaim":
        await this.claimAgain(state, signal);
        return;
      case "go-on":
        if (state.leader?.leaseId) this.#noteClaimed(state.leader.leaseId, state.revisionOf(KEYS.leader));
        this.#noteStored(state);
        this.#latest = state;
        this.#looked.notify();
        return;
      default:
        action satisfies never;
    }
  }

  /** Why another node should lead instead, though this one's lease is kept; null where none. */
  #uselessBecause(state: ClusterState): string | null {
    const { host } = this.#of;
    const stalled = host.stalled();
    if (stalled !== null) return `its database server does not commit: ${stalled}`;
    const unheard = host.unheard();
    if (unheard === null) return null;
    const plan = planPromotion({ state, maxLagMs: this.#of.maxLagMs, isBinding: false });
    return plan.winner === null ? null : unheard;
  }

  #noteClaimed(leaseId: string, revision: bigint): void {
    this.#leaseId = leaseId;
    this.#leaderRevision = revision;
  }

  #noteStored({ sync, revision }: ClusterState): void {
    if (revision < this.#syncAt) return;
    this.#syncAt = revision;
    this.sync.noteStored(sync);
    const next = this.#unsettled;
    const isMade =
      next !== null &&
      sync?.epoch === next.epoch &&
      sync.acks === next.acks &&
      sync.members.join() === next.members.join();
    if (isMade) this.#unsettled = null;
  }

  /** Takes the lead's key away, so that others need not wait for the lease's end. */
  async resign(signal: AbortSignal): Promise<void> {
    await this.#giveBack([KEYS.leader], signal);
  }

  /** A node that can't tell of itself any more takes along what it has told, so that nobody waits for it to close. */
  async #giveBack(keys: readonly string[], signal: AbortSignal): Promise<void> {
    const { store, logger, nodeId } = this.#of;
    this.end();
    try {
      await store.change(
        {
          conditions: [{ key: KEYS.leader, modRevision: this.#leaderRevision }],
          writes: keys.map((key) => ({ kind: "delete", key })),
        },
        { signal },
      );
    } catch (error) {
      logger.warn({ event: "not-resigned" }, `${nodeId} could not give its lead back: ${messageOf(error)}`);
    }
  }

  /** Ends it: nothing is confirmed under it any more. */
  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new DOMException("the term is over", "AbortError"));
    // not waited for, since it may be its own loop that ends it; a loop's end does not reject
    for (const loop of this.#loops) loop[Symbol.asyncDispose]().catch(() => undefined);
  }

  /** Ends the lead in time, whatever else hangs. */
  async #watchTime(signal: AbortSignal): Promise<void> {
    const { clock, timings, lease } = this.#of;
    const askBelowMs = timings.ttlMs - timings.marginMs - timings.renewEveryMs - timings.requestTimeoutMs;
    for (;;) {
      const leftMs = this.#validUntilMs - clock.monotonicMs();
      if (leftMs <= 0) {
        this.#of.onOver("its lease was not renewed in time");
        return;
      }
      if (leftMs < askBelowMs) await this.#askAll(leftMs, signal);
      // asking may have taken all that was left
      const ms = Math.max(0, Math.min(LOOK_MS, this.#validUntilMs - clock.monotonicMs()));
      await sleepOrWake({ clock, ms, woken: lease.changed.next(), signal });
    }
  }

  /** Without the store a master goes on for as long as every member says that it accepts no other. */
  async #askAll(leftMs: number, signal: AbortSignal): Promise<void> {
    const { clock, timings, host, logger } = this.#of;
    const sentMs = clock.monotonicMs();
    const ms = Math.min(leftMs, timings.requestTimeoutMs);
    try {
      const agree = await withDeadline({ clock, ms, signal }, (bounded) =>
        orAbort(host.allAgree(this.epoch, bounded), bounded),
      );
      if (!agree) return;
      if (this.#failsafeUntilMs < sentMs)
        host.note("leads on without etcd: every member says that it accepts no other");
      this.#failsafeUntilMs = sentMs + timings.ttlMs - timings.marginMs;
    } catch (error) {
      signal.throwIfAborted();
      logger.debug({ event: "failsafe-not-agreed" }, messageOf(error));
    }
  }

  /**
   * Puts the leader's key anew, under the lease of now, where nobody has led since `state`. True where that was done: then no change
   * that rests on the key as it was can happen any more. Throws `coordination-unavailable`.
   */
  async claimAgain(state: ClusterState, signal: AbortSignal): Promise<boolean> {
    const { store, lease, nodeId, url, host } = this.#of;
    const { leaseId } = lease;
    if (leaseId === null || !this.isValid()) return false;
    const value = JSON.stringify({ nodeId, url, epoch: this.epoch.toString() });
    const { made, revision } = await store.change(
      { conditions: conditionsOf(state, []), writes: [{ kind: "put", key: KEYS.leader, value, leaseId }] },
      { signal },
    );
    if (!made) return false;
    if (leaseId !== this.#leaseId) host.note("leads on under a new lease");
    this.#noteClaimed(leaseId, revision);
    return true;
  }

  async #keepSync(signal: AbortSignal): Promise<void> {
    for (;;) {
      const next = this.#looked.next();
      const state = this.#latest;
      this.#latest = null;
      if (state) await this.#settleSync(state, signal);
      else await orAbort(next, signal);
    }
  }

  /**
   * Settles who is in sync. What is about to be stored counts before it is (see {@link SyncAgreement}), and all that is committed by then
   * has to be where it says. A change whose answer was lost may still happen, so it is made again until it has.
   */
  async #settleSync(state: ClusterState, signal: AbortSignal): Promise<void> {
    const { host, nodeId, epoch, logger, clock } = this.#of;
    // another look is on its way
    if (state.revision < this.#syncAt) return;
    try {
      const next =
        this.#unsettled ?? decideSync({ ...host.slavesInSync(), nodeId, epoch, stored: state.sync });
      if (!next) return;
      if (this.#unsettled === null) {
        this.sync.propose(next);
        await withDeadline({ clock, ms: ACKED_WAIT_MS, signal }, (bounded) =>
          orAbort(host.acked(next, bounded), bounded),
        );
      }
      await this.#storeSync(next, state, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (this.#unsettled === null) this.sync.propose(null);
      logger.debug({ event: "sync-not-settled" }, messageOf(error));
    }
  }

  async #storeSync(next: SyncSet, state: ClusterState, signal: AbortSignal): Promise<void> {
    const { store, host } = this.#of;
    const value = formatSync(next);
    const conditions = [KEYS.leader, KEYS.epoch, KEYS.sync].map((key) => ({
      key,
      modRevision: state.revisionOf(key),
    }));
    this.#unsettled = next;
    const { made, revision } = await store.change(
      { conditions, writes: [{ kind: "put", key: KEYS.sync, value }] },
      { signal },
    );
    // not made: the keys have changed, or an earlier try has been made; the next look tells which
    if (!made) return;
    this.#unsettled = null;
    this.#syncAt = revision;
    this.sync.noteStored(next);
    const members = next.members.length === 0 ? "no slave" : next.members.join(", ");
    host.note(`${members} in sync; a write is confirmed by ${next.acks} of them`);
  }
}
