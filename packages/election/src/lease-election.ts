import {
  anySignal,
  BackgroundLoop,
  ChangeSignal,
  messageOf,
  sleepOrWake,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { KEYS } from "./cluster-keys.ts";
import { readClusterState, type ClusterState } from "./cluster-state.ts";
import type { CoordinationStore } from "./coordination-store.ts";
import { conditionsOf, decideFollower, nextEpoch, type FollowerAction } from "./decide-follower.ts";
import type { Election } from "./election.ts";
import type { ElectionHost } from "./election-host.ts";
import type { ElectionTimings } from "./election-timings.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { MemberPublisher } from "./member-publisher.ts";
import { planPromotion, type PromotionPlan } from "./promotion-plan.ts";
import type { SyncAgreement } from "./sync-agreement.ts";
import { Term } from "./term.ts";

/** What {@link LeaseElection} needs. */
export interface LeaseElectionOptions {
  readonly nodeId: string;
  readonly url: string;
  readonly store: CoordinationStore;
  readonly host: ElectionHost;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timings: ElectionTimings;
  /** See `PlanFacts.maxLagMs`. */
  readonly maxLagMs: number;
}

const TICK_MS = 1000;
const GIVE_BACK_MS = 2000;

/** An election by a lease in the cluster's store. See SPEC.md for its states, events and invariants. */
export class LeaseElection implements Election {
  readonly kind = "etcd";
  readonly changed = new ChangeSignal();
  readonly #of: LeaseElectionOptions;
  readonly #lease: LeaseKeeper;
  readonly #publisher: MemberPublisher;
  readonly #wake = new ChangeSignal();
  readonly #loops: readonly BackgroundLoop[];
  #state: ClusterState | null = null;
  #term: Term | null = null;
  #closed: { readonly epoch: bigint; readonly sinceMs: number } | null = null;
  #promisedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeaseElectionOptions) {
    this.#of = options;
    const { store, clock, logger, timings, nodeId, host } = options;
    this.#lease = new LeaseKeeper({ store, clock, logger, timings });
    this.#publisher = new MemberPublisher({ store, host, clock, nodeId });
    const loop = (run: (signal: AbortSignal) => Promise<void>): BackgroundLoop =>
      new BackgroundLoop(run, (error) =>
        logger.error({ event: "election-ended", err: error }, messageOf(error)),
      );
    this.#loops = [
      loop((signal) => this.#lease.run(signal)),
      loop((signal) => store.watch((keys) => this.#onChange(keys), { signal })),
      loop((signal) => this.#run(signal)),
    ];
  }

  get sync(): SyncAgreement | null {
    return this.#term?.sync ?? null;
  }

  get state(): ClusterState | null {
    return this.#state;
  }

  checkLeads(epoch: bigint): void {
    const term = this.#term;
    if (term?.epoch === epoch && term.isValid()) return;
    throw new UnderstudyError("no-leader", "this node can't be sure any more that it leads", {
      details: { leader: this.#state?.leader?.url ?? null },
    });
  }

  plan(): PromotionPlan | null {
    const { maxLagMs } = this.#of;
    return this.#state && planPromotion({ state: this.#state, maxLagMs, isBinding: false });
  }

  hurry(): void {
    this.#wake.notify();
  }

  promise({ nodeId, epoch }: { readonly nodeId: string; readonly epoch: bigint }): boolean {
    const { clock, timings } = this.#of;
    const known = this.#state;
    const hasOther =
      known !== null && (known.epoch > epoch || (known.leader ?? { nodeId }).nodeId !== nodeId);
    const isClosed = this.#closed !== null && this.#closed.epoch >= epoch;
    if (this.#term || hasOther || isClosed) return false;
    this.#promisedUntilMs = clock.monotonicMs() + timings.ttlMs;
    return true;
  }

  async handOver(nodeId: string, signal: AbortSignal): Promise<void> {
    const { store } = this.#of;
    const term = this.#term;
    const state = readClusterState(await store.read({ signal }));
    if (!term || state.leader?.nodeId !== this.#of.nodeId || state.epoch !== term.epoch) {
      throw new UnderstudyError("no-leader", "this node does not lead any more");
    }
    const target = state.members.get(nodeId);
    if (!target?.leaseId || target.unfit !== null) {
      const why = target?.unfit ?? "it has not told etcd that it is there";
      throw new UnderstudyError("promotion-blocked", `${nodeId} can't take the lead: ${why}`);
    }
    const epoch = term.epoch + 1n;
    const value = JSON.stringify({ nodeId, url: target.url, epoch: epoch.toString() });
    const { made } = await store.change(
      {
        conditions: conditionsOf(state, []),
        writes: [
          { kind: "put", key: KEYS.leader, value, leaseId: target.leaseId },
          { kind: "put", key: KEYS.epoch, value: epoch.toString() },
        ],
      },
      { signal },
    );
    if (!made) throw new UnderstudyError("promotion-blocked", "the cluster has changed meanwhile; try again");
    await this.#stepDown(term, `the lead was handed over to ${nodeId}`);
  }

  async force({ acceptLoss }: { readonly acceptLoss: boolean }, signal: AbortSignal): Promise<void> {
    const { store, host, nodeId, clock } = this.#of;
    if (clock.monotonicMs() < this.#promisedUntilMs) {
      throw new UnderstudyError(
        "promotion-blocked",
        "this node has just told the master, which can't reach etcd, that it accepts no other; try again in some seconds",
      );
    }
    const before = readClusterState(await store.read({ signal }));
    await this.#close({ epoch: before.epoch, isRefused: false }, signal);
    const state = readClusterState(await store.read({ signal }));
    const plan = planPromotion({ state, maxLagMs: this.#of.maxLagMs, isBinding: false });
    if (!acceptLoss && plan.winner !== nodeId) {
      const own = plan.candidates.find((candidate) => candidate.nodeId === nodeId);
      const why = plan.blocked.length > 0 ? plan.blocked.join("; ") : (own?.reason ?? "it has no data");
      throw new UnderstudyError("promotion-blocked", `${nodeId} can't take the lead without loss: ${why}`, {
        details: { plan },
      });
    }
    const epoch = nextEpoch(state);
    const isTaken = await this.#take({ epoch, conditions: conditionsOf(state, []) }, signal);
    if (!isTaken)
      throw new UnderstudyError("promotion-blocked", "the cluster has changed meanwhile; try again");
    host.note(`takes the lead in epoch ${epoch} by a person's word`);
    this.#wake.notify();
  }

  #onChange(keys: readonly string[]): void {
    // positions are told each second by all: only where somebody has to decide on them they are worth a look at once
    const isDeciding = this.#closed !== null || !this.#state?.leader;
    const matters = keys.some((key) => !key.startsWith(KEYS.members));
    if (keys.length === 0 || matters || isDeciding) this.#wake.notify();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, logger, host } = this.#of;
    for (;;) {
      const next = Promise.race([this.#wake.next(), this.#lease.changed.next()]);
      try {
        await this.#tick(signal);
      } catch (error) {
        signal.throwIfAborted();
        logger.debug({ event: "election-tick-failed" }, messageOf(error));
        if (!this.#term) host.note(`can't take part in elections: ${messageOf(error)}`);
      }
      await sleepOrWake({ clock, ms: TICK_MS, woken: next, signal });
    }
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { store } = this.#of;
    const state = readClusterState(await store.read({ signal }));
    this.#setState(state);
    await this.#publish(signal);
    if (this.#term) await this.#term.look(state, signal);
    else await this.#follow(state, signal);
  }

  #setState(state: ClusterState): void {
    const before = this.#state;
    this.#state = state;
    if (before?.epoch !== state.epoch || before.leader?.nodeId !== state.leader?.nodeId)
      this.changed.notify();
  }

  async #publish(signal: AbortSignal, refused: bigint | null = this.#publisher.refused): Promise<void> {
    const closed = this.#closed?.epoch ?? null;
    await this.#publisher.publish({ leaseId: this.#lease.leaseId, closed, refused }, signal);
  }

  async #follow(state: ClusterState, signal: AbortSignal): Promise<void> {
    const { host, nodeId, clock, timings, maxLagMs } = this.#of;
    const { leader } = state;
    const isOther = leader !== null && leader.nodeId !== nodeId;
    const isRefused = isOther && (await host.leaderRefuses(leader, signal));
    const nowMs = clock.monotonicMs();
    const action = decideFollower({
      state,
      nodeId,
      leaseId: this.#lease.leaseId,
      closed: this.#closed?.epoch ?? null,
      closedForMs: this.#closed ? nowMs - this.#closed.sinceMs : 0,
      isRefused,
      maxLagMs,
      roundMs: timings.roundMs,
    });
    if ((action.kind === "close" || action.kind === "take") && nowMs < this.#promisedUntilMs) {
      host.note("waits: it has told the master, which can't reach etcd, that it accepts no other");
      return;
    }
    host.note(sentenceOf(action));
    await this.#do(action, state, signal);
  }

  async #do(action: FollowerAction, state: ClusterState, signal: AbortSignal): Promise<void> {
    const { host, store } = this.#of;
    switch (action.kind) {
      case "follow":
        host.follow(action.leader);
        return;
      case "reopen":
        this.#closed = null;
        await this.#publish(signal, null);
        await host.reopen(action.leader.epoch);
        host.follow(action.leader);
        return;
      case "close":
        if (!action.isRefused) host.follow(null);
        await this.#close(action, signal);
        this.#wake.notify();
        return;
      case "lead":
        await this.#lead(action.epoch, signal);
        return;
      case "drop": {
        const conditions = [{ key: KEYS.leader, modRevision: state.revisionOf(KEYS.leader) }];
        await store.change({ conditions, writes: [{ kind: "delete", key: KEYS.leader }] }, { signal });
        this.#wake.notify();
        return;
      }
      case "take":
        if (await this.#take(action, signal)) await this.#lead(action.epoch, signal);
        else this.#wake.notify();
        break;
      case "wait":
        break;
      default:
        action satisfies never;
    }
  }

  async #close(
    { epoch, isRefused }: { readonly epoch: bigint; readonly isRefused: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { host, clock } = this.#of;
    await host.close(epoch, signal);
    if (this.#closed?.epoch !== epoch) this.#closed = { epoch, sinceMs: clock.monotonicMs() };
    await this.#publish(signal, isRefused ? epoch : null);
  }

  async #take(
    { epoch, conditions }: Pick<FollowerAction & { readonly kind: "take" }, "epoch" | "conditions">,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { store, nodeId, url } = this.#of;
    const { leaseId } = this.#lease;
    if (leaseId === null) return false;
    const value = JSON.stringify({ nodeId, url, epoch: epoch.toString() });
    const { made } = await store.change(
      {
        conditions,
        writes: [
          { kind: "put", key: KEYS.leader, value, leaseId },
          { kind: "put", key: KEYS.epoch, value: epoch.toString() },
        ],
      },
      { signal },
    );
    return made;
  }

  async #lead(epoch: bigint, signal: AbortSignal): Promise<void> {
    const { host, logger } = this.#of;
    const term = new Term({
      ...this.#of,
      epoch,
      lease: this.#lease,
      onOver: (because) => this.#stepDown(term, because),
    });
    this.#term = term;
    try {
      await host.lead(epoch, anySignal(signal, term.over));
      this.#closed = null;
      host.note(`leads in epoch ${epoch}`);
    } catch (error) {
      logger.error({ event: "lead-failed", err: error }, `can't lead in epoch ${epoch}: ${messageOf(error)}`);
      await this.#stepDown(term, `it could not begin to lead: ${messageOf(error)}`);
      await term.resign(signal);
    }
    this.#wake.notify();
  }

  async #stepDown(term: Term, because: string): Promise<void> {
    if (this.#term !== term) return;
    this.#term = null;
    term.end();
    this.#of.host.note(`steps down: ${because}`);
    await this.#of.host.stepDown(because);
    this.changed.notify();
    this.#wake.notify();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const term = this.#term;
    if (term) await this.#stepDown(term, "it is stopping");
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
    await this.#lease.end(AbortSignal.timeout(GIVE_BACK_MS));
    await this.#of.store[Symbol.asyncDispose]();
  }
}

function sentenceOf(action: FollowerAction): string {
  switch (action.kind) {
    case "follow":
      return `follows: ${action.because}`;
    case "reopen":
      return `follows again: ${action.because}`;
    case "close":
      return `takes nothing from epoch ${action.epoch} any more: ${action.because}`;
    case "lead":
      return `begins to lead in epoch ${action.epoch}: ${action.because}`;
    case "drop":
      return `gives the lead back: ${action.because}`;
    case "take":
      return `takes the lead in epoch ${action.epoch}: ${action.because}`;
    case "wait":
      return `waits: ${action.because}`;
    default:
      return action satisfies never;
  }
}
