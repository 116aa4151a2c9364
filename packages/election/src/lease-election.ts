import {
  anySignal,
  BackgroundLoop,
  ChangeSignal,
  isCodedError,
  messageOf,
  orAbort,
  sleepOrWake,
  TaskQueue,
  withDeadline,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { breakHost } from "./broken-host.ts";
import type { BrokenRule } from "./broken-rule.ts";
import { KEYS } from "./cluster-keys.ts";
import { highestEpoch, readClusterState, type ClusterState } from "./cluster-state.ts";
import type { CoordinationStore } from "./coordination-store.ts";
import {
  conditionsOf,
  decideFollower,
  nextEpoch,
  sentenceOf,
  type FollowerAction,
} from "./decide-follower.ts";
import type { Election, PromiseRequest } from "./election.ts";
import type { ElectionHost } from "./election-host.ts";
import type { ElectionTimings } from "./election-timings.ts";
import { handOverKey } from "./hand-over-key.ts";
import { Intake } from "./intake.ts";
import { KeptPromise } from "./kept-promise.ts";
import { LeadPause } from "./lead-pause.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { planPromotion, type PromotionPlan } from "./promotion-plan.ts";
import type { SyncAgreement } from "./sync-agreement.ts";
import { FormatGate } from "./store-format.ts";
import { takeLead, type Claim } from "./take-lead.ts";
import { Term } from "./term.ts";
import { TwinWatch } from "./twin-watch.ts";

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
  /**
   * The last epoch whose master this node promised, in an earlier life, to accept no other (see {@link Election.promise}); 0 for none.
   * Null, or left out, where that is not known: it then waits as if it had just promised it.
   */
  readonly promisedEpoch?: bigint | null;
  /** A rule that is not to hold, for simulations and drills that must find it. */
  readonly broken?: BrokenRule | null;
}

const TICK_MS = 1000;
const GIVE_BACK_MS = 2000;
const TURNS_MAX = 16;
/** So often in a row it looks again at once after what it did; then it waits for a tick, or until the store or its lease changes. */
const AGAIN_MAX = 4;

/** An election by a lease in the cluster's store. See SPEC.md for its states, events and invariants. */
export class LeaseElection implements Election {
  readonly kind = "etcd";
  readonly changed = new ChangeSignal();
  readonly #of: LeaseElectionOptions;
  readonly #lease: LeaseKeeper;
  readonly #intake: Intake;
  readonly #wake = new ChangeSignal();
  /** Ticks and what people ask for: one after another, since each goes by what it has read. */
  readonly #turns = new TaskQueue(
    TURNS_MAX,
    () => new UnderstudyError("job-running", "this node has too many changes of the lead to make"),
  );
  readonly #loops: readonly BackgroundLoop[];
  #state: ClusterState | null = null;
  #term: Term | null = null;
  #led: bigint | null = null;
  #steppingDown: Promise<void> = Promise.resolve();
  #isSteppingDown = false;
  #again = 0;
  readonly #pause: LeadPause;
  readonly #promise: KeptPromise;
  readonly #twins: TwinWatch;
  readonly #format: FormatGate;

  constructor(options: LeaseElectionOptions) {
    const host = breakHost(options.host, options.broken ?? null);
    this.#of = { ...options, host };
    const { store, clock, logger, timings, nodeId } = options;
    this.#lease = new LeaseKeeper({ store, clock, logger, timings });
    this.#intake = new Intake({ store, host, clock, nodeId, lease: this.#lease });
    this.#twins = new TwinWatch(options);
    this.#pause = new LeadPause({ clock, roundMs: timings.roundMs });
    this.#format = new FormatGate({ nodeId, host, logger });
    const epochBefore = options.promisedEpoch ?? null;
    this.#promise = new KeptPromise({ clock, ttlMs: timings.ttlMs, epochBefore });
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

  promise(request: PromiseRequest): boolean {
    if (this.#term || this.#intake.isClosedTo(request.epoch)) return false;
    return this.#promise.give(request, { state: this.#state, reachesStore: this.#lease.isKept });
  }

  async handOver(to: string, signal: AbortSignal): Promise<void> {
    const { store, host, nodeId: from } = this.#of;
    await this.#inTurn(signal, async () => {
      await orAbort(this.#steppingDown, signal);
      const term = this.#term;
      if (!term) throw new UnderstudyError("no-leader", "this node does not lead any more");
      try {
        const leader = await handOverKey({ from, to, store, term, signal });
        this.#stepDown(term, `the lead was handed over to ${to}`);
        host.follow(leader);
      } catch (error) {
        if (isCodedError(error, "promotion-blocked") || isCodedError(error, "no-leader")) throw error;
        // it may still happen, and then the other has nothing of what would be confirmed from now on
        this.#stepDown(term, `it is not known whether the lead was handed over to ${to}`);
        await term.resign(signal);
        throw error;
      }
    });
    await orAbort(this.#steppingDown, signal);
  }

  async force({ acceptLoss }: { readonly acceptLoss: boolean }, signal: AbortSignal): Promise<void> {
    await this.#inTurn(signal, () => this.#force(acceptLoss, signal));
    this.#wake.notify();
  }

  async #force(acceptLoss: boolean, signal: AbortSignal): Promise<void> {
    const { store, host, nodeId, maxLagMs } = this.#of;
    if (this.#term) return;
    this.#promise.check(this.#state);
    const before = this.#see(readClusterState(await store.read({ signal })));
    await this.#format.check(before, signal);
    await this.#intake.close({ epoch: highestEpoch(before), refused: null }, signal);
    const state = this.#see(readClusterState(await store.read({ signal })));
    const plan = planPromotion({ state, maxLagMs, isBinding: true });
    if (!acceptLoss && !plan.order.includes(nodeId)) {
      const own = plan.candidates.find((candidate) => candidate.nodeId === nodeId);
      const why = plan.blocked.length > 0 ? plan.blocked.join("; ") : (own?.reason ?? "it has no data");
      throw new UnderstudyError("promotion-blocked", `${nodeId} can't take the lead without loss: ${why}`, {
        details: { plan },
      });
    }
    this.#promise.check(this.#state);
    const epoch = nextEpoch(state);
    const conditions = conditionsOf(state, acceptLoss ? [] : plan.relied);
    const { leaseId } = this.#lease;
    if (!(await takeLead({ ...this.#of, state, leaseId, epoch, conditions }, signal)))
      throw new UnderstudyError("promotion-blocked", "the cluster has changed meanwhile; try again");
    host.note(`takes the lead in epoch ${epoch} by a person's word`);
  }

  /** One after another, since each goes by what it has read. */
  async #inTurn(signal: AbortSignal, task: () => Promise<void>): Promise<void> {
    const turn = this.#turns.run(async () => {
      signal.throwIfAborted();
      await task();
    });
    await orAbort(turn, signal);
  }

  #onChange(keys: readonly string[]): void {
    // positions are told each second by all: only where somebody has to decide on them they are worth a look at once
    const isDeciding = this.#intake.closed !== null || !this.#state?.leader;
    const matters = keys.some((key) => !key.startsWith(KEYS.members));
    if (keys.length === 0 || matters || isDeciding) this.#wake.notify();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, logger, host } = this.#of;
    for (;;) {
      const next = Promise.race([this.#wake.next(), this.#lease.changed.next()]);
      const before = this.#again;
      try {
        await this.#turns.run(() => this.#tick(signal));
        if (this.#again === before) this.#again = 0;
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
    const state = this.#see(readClusterState(await store.read({ signal })));
    // a master first: what it has to say of itself must not keep it from seeing that it leads no more
    if (this.#term) await this.#term.look(state, signal);
    // nobody but another leader writes it, so for a master this is for a person's hand, or a store that was put back
    const newer = this.#term && this.#format.problem(state);
    if (this.#term && newer !== null) await this.#giveBack(this.#term, newer, signal);
    else if (!this.#term && !this.#isSteppingDown) await this.#format.check(state, signal);
    await this.#intake.publish(signal);
    // a database server that does not answer may keep it from that for long; so long it is not there for others
    if (!this.#term && !this.#isSteppingDown) await this.#follow(state, signal);
  }

  /** What was just done asks for a look at once; where it never gets anywhere that must not become a storm of requests. */
  #lookAgain(): void {
    if (++this.#again <= AGAIN_MAX) this.#wake.notify();
  }

  #see(state: ClusterState): ClusterState {
    const before = this.#state;
    this.#state = state;
    this.#intake.noteStored(state);
    this.#twins.look(state, this.#intake.toldAt);
    if (before?.epoch !== state.epoch || before.leader?.nodeId !== state.leader?.nodeId)
      this.changed.notify();
    return state;
  }

  async #follow(state: ClusterState, signal: AbortSignal): Promise<void> {
    const { host, nodeId, timings, maxLagMs } = this.#of;
    const { leader } = state;
    const isOther = leader !== null && leader.nodeId !== nodeId;
    const isRefused = isOther && (await host.leaderRefuses(leader, signal));
    const action = decideFollower({
      state,
      nodeId,
      leaseId: this.#lease.leaseId,
      isLeaseSure: this.#lease.isSure,
      isPaused: this.#pause.isOn,
      isOpen: this.#intake.isOpen,
      led: this.#led,
      closed: this.#intake.closed,
      closedForMs: this.#intake.closedForMs,
      isRefused,
      maxLagMs,
      roundMs: timings.roundMs,
    });
    if ((action.kind === "close" || action.kind === "take") && this.#promise.holds(this.#state)) {
      host.note("waits: it may have told the master, which can't reach etcd, that it accepts no other");
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
        await this.#intake.reopen(action.leader, signal);
        return;
      case "close":
        if (action.refused === null) host.follow(null);
        if (await this.#intake.close(action, signal)) this.#lookAgain();
        return;
      case "lead":
        if (state.leader?.leaseId) {
          const leaderRevision = state.revisionOf(KEYS.leader);
          const claim = { epoch: action.epoch, leaseId: state.leader.leaseId, leaderRevision };
          await this.#lead(claim, state, signal);
        }
        return;
      case "drop": {
        const conditions = [{ key: KEYS.leader, modRevision: state.revisionOf(KEYS.leader) }];
        const drop = { conditions, writes: [{ kind: "delete", key: KEYS.leader }] } as const;
        // the master that others could have promised something to was this node
        if ((await store.change(drop, { signal })).made) this.#promise.forget();
        this.#lookAgain();
        return;
      }
      case "take": {
        const { leaseId } = this.#lease;
        const claim = await takeLead({ ...this.#of, state, leaseId, ...action }, signal);
        if (claim) await this.#lead(claim, null, signal);
        else this.#lookAgain();
        break;
      }
      case "wait":
        break;
      default:
        action satisfies never;
    }
  }

  async #lead(claim: Claim, found: ClusterState | null, signal: AbortSignal): Promise<void> {
    const { host, logger } = this.#of;
    const { epoch } = claim;
    const term = new Term({
      ...this.#of,
      ...claim,
      lease: this.#lease,
      onOver: (because) => this.#stepDown(term, because),
    });
    this.#term = term;
    this.#led = epoch;
    term.start(found);
    try {
      await host.lead(epoch, anySignal(signal, term.over));
      term.over.throwIfAborted();
      this.#pause.noteLeads();
      this.#intake.noteLeads();
      host.note(`leads in epoch ${epoch}`);
    } catch (error) {
      logger.error({ event: "lead-failed", err: error }, `can't lead in epoch ${epoch}: ${messageOf(error)}`);
      this.#pause.noteFailed();
      await this.#giveBack(term, `it could not begin to lead: ${messageOf(error)}`, signal);
    }
    this.changed.notify();
    this.#wake.notify();
  }

  async #giveBack(term: Term, because: string, signal: AbortSignal): Promise<void> {
    this.#stepDown(term, because);
    await term.resign(signal);
  }

  /** From now on nothing is confirmed under the term; what the host has to do for that in its database goes on by itself. */
  #stepDown(term: Term, because: string): void {
    if (this.#term !== term) return;
    const { host, logger } = this.#of;
    this.#term = null;
    term.end();
    host.note(`steps down: ${because}`);
    this.#isSteppingDown = true;
    this.#intake.renew();
    const isDown = (): void => {
      this.#isSteppingDown = false;
      this.#intake.renew();
      this.changed.notify();
      this.#wake.notify();
    };
    this.#steppingDown = host.stepDown(because).then(isDown, (error: unknown) => {
      logger.error({ event: "step-down-failed", err: error }, messageOf(error));
      isDown();
    });
    this.changed.notify();
    this.#wake.notify();
  }

  async #stop(): Promise<void> {
    if (this.#term) this.#stepDown(this.#term, "it is stopping");
    await this.#steppingDown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
    // it may have begun to lead meanwhile
    await this.#stop();
    const { clock, store } = this.#of;
    const signal = new AbortController().signal;
    await withDeadline({ clock, ms: GIVE_BACK_MS, signal }, (until) => this.#lease.end(until));
    await store[Symbol.asyncDispose]();
  }
}
