import { type Applier } from "@understudy/applier";
import type { GtidPosition } from "@understudy/binlog";
import {
  ThroughputMeter,
  type HealthChange,
  type HealthMonitor,
  type LagMeter,
} from "@understudy/health-monitor";
import {
  formatPosition,
  isUnderstudyError,
  UnderstudyError,
  WIRE_VERSIONS,
  type ClusterView,
  type ReplicateAnswer,
  type ReplicatePosition,
} from "@understudy/protocol";
import { Registration } from "../cluster/registration.ts";
import { buildSlaveView } from "../cluster/slave-view.ts";
import { ViewFollower } from "../cluster/view-follower.ts";
import { endWhenIdle } from "../http/body-idle.ts";
import type { RoleServices } from "../node-services.ts";
import type { SlaveReads } from "../reads/slave-reads.ts";
import { findTransactionEnd } from "../transactions/create-transactions.ts";
import type { TransactionEnd } from "../transactions/transaction-end.ts";
import { positionOf } from "./binlog-access.ts";
import { BrokenWatch } from "./broken-watch.ts";
import { CopyServer } from "./copy-server.ts";
import { checkDelivery, type DeliveryHeaders } from "./delivery-check.ts";
import type { KnownLeader, LeaderLink } from "./leader-link.ts";
import type { Membership } from "./membership.ts";
import { keepObeyedEpoch } from "./obeyed-epoch.ts";
import { Receptions } from "./receptions.ts";
import { MASTER, openSlaveParts, type SlaveParts } from "./slave-parts.ts";
import { SlaveStanding, type Standing } from "./slave-standing.ts";
import type { RoleFacts } from "./role.ts";
import { timedApply } from "./timed-apply.ts";

/** A master sends what it has, so a body that stops coming has lost its sender. */
const BODY_IDLE_MS = 30_000;

/** A node that follows: its database server is read-only but for what the applier brings, and writes go on to the master. */
export class SlaveRole implements RoleFacts, AsyncDisposable {
  readonly kind = "slave";
  /** What reads see here. */
  readonly reads: SlaveReads;
  /** Copies of what is here. */
  readonly copies: CopyServer;
  readonly #services: RoleServices;
  readonly #membership: Membership;
  readonly #applier: Applier;
  readonly #link: LeaderLink;
  readonly #isTorn: boolean;
  readonly #receptions: Receptions;
  readonly #standing: SlaveStanding;
  readonly #lag: LagMeter<GtidPosition>;
  readonly #throughput: ThroughputMeter;
  readonly #monitor: HealthMonitor;
  readonly #registration: Registration;
  readonly #follower: ViewFollower;
  readonly #broken: BrokenWatch;

  private constructor(services: RoleServices, parts: SlaveParts) {
    const { clock, logger } = services;
    this.#services = services;
    this.copies = new CopyServer(services);
    this.#membership = parts.membership;
    this.#applier = parts.applier;
    this.#link = parts.link;
    this.#isTorn = parts.isTorn;
    this.#receptions = new Receptions(clock);
    this.#lag = parts.lag;
    this.reads = parts.reads;
    this.#throughput = new ThroughputMeter({ clock });
    this.#monitor = parts.monitor;
    this.#broken = new BrokenWatch({
      nodeId: services.identity.nodeId,
      dataDir: services.config.dataDir,
      events: services.events,
      applier: this.#applier,
    });
    this.#registration = new Registration({
      services,
      membership: this.#membership,
      applier: this.#applier,
      link: this.#link,
      store: parts.store,
      isTorn: parts.isTorn,
      owesHistory: () => this.#standing.owes,
      onNew: (position) => this.#standing.noteNew(position),
      onParted: (reason) => this.#standing.noteParted(reason),
      onRebuild: (order) => services.rejoin.rebuild(order),
    });
    this.#standing = new SlaveStanding({
      services,
      store: parts.store,
      applier: this.#applier,
      membership: this.#membership,
      isRefused: () => this.#registration.isRefused,
      isTorn: parts.isTorn,
      owedHistory: parts.owedHistory,
    });
    this.#follower = new ViewFollower({
      link: this.#link,
      clock,
      logger,
      onView: (before, now) => {
        services.sightings.noteTold(now.members);
        this.#broken.noteOthers(before, now);
      },
    });
  }

  /**
   * Opens the role: the server becomes read-only, the applier is ready, registration with the master begins as soon as one is
   * known.
   */
  static async open(services: RoleServices, leader: KnownLeader | null): Promise<SlaveRole> {
    await using opening = new AsyncDisposableStack();
    const parts = await openSlaveParts(services, { leader, opening });
    const role = new SlaveRole(services, parts);
    parts.monitored.by = role;
    await role.#broken.note();
    opening.move();
    return role;
  }

  get clusterId(): string {
    return this.#membership.clusterId ?? "";
  }

  get epoch(): bigint {
    return this.#membership.epoch;
  }

  /** The applier, for metrics. */
  get applier(): Applier {
    return this.#applier;
  }

  positionText(): string {
    return formatPosition({ epoch: this.epoch, gtid: this.#applier.position.toString() });
  }

  lagMs(): number | null {
    const lagMs = this.#lag.lagMs();
    return lagMs === null ? null : Math.round(lagMs);
  }

  problem(): string | null {
    return this.#broken.advice ?? this.#registration.problem;
  }

  unreadable(): string | null {
    if (this.#broken.advice !== null) return this.#broken.advice;
    return this.#standing.isOutside ? this.#registration.problem : null;
  }

  /** The way to its master. */
  get link(): LeaderLink {
    return this.#link;
  }

  /** Another node leads, or none: calls go there from now on. */
  follow(leader: KnownLeader | null): void {
    const before = this.#link.leader;
    this.#link.set(leader);
    if (leader && before?.url !== leader.url) this.#registration.renew();
  }

  /**
   * A master says that it leads and waits for this node's registration, without which it delivers nothing. Without elections that is also
   * how a slave hears of another master, or of a master's other address.
   */
  invited({ nodeId, url, epoch }: KnownLeader & { readonly nodeId: string; readonly epoch: bigint }): void {
    if (!this.obeys(epoch)) return;
    const known = this.#link.leader;
    if (!this.#services.config.hasElections) {
      if (epoch === this.epoch && (this.#membership.leader ?? nodeId) !== nodeId) return;
      // the configured way to a master is as good as its own word for it, as long as it leads there
      if (epoch > this.epoch || this.#registration.isLost) this.#link.set({ nodeId, url });
    } else if (known?.nodeId !== nodeId) return;
    this.#registration.invited(epoch);
  }

  /**
   * Takes nothing any more from masters of this or an earlier epoch, also after a restart. Resolves when what was under way is
   * committed or given up; from then on nothing is acked, and the position stays.
   */
  async close(epoch: bigint): Promise<void> {
    if (this.#membership.closed !== null && this.#membership.closed >= epoch) return;
    this.#membership.close(epoch);
    await keepObeyedEpoch(this.#services.config.dataDir, epoch + 1n);
    const chosen = new UnderstudyError(
      "starting",
      `a new master is chosen, the one of epoch ${epoch} does not count any more`,
    );
    // a definition that waits for the end of a copy would keep this node from the election
    this.copies.cut(chosen);
    await this.#receptions.cut(chosen);
    await this.#applier.refresh();
  }

  /** Takes again from the master of this epoch. */
  async reopen(epoch: bigint): Promise<void> {
    await keepObeyedEpoch(this.#services.config.dataDir, epoch);
    this.#membership.reopen(epoch);
    this.#registration.renew();
  }

  /** True where it takes what the master of this epoch sends. */
  obeys(epoch: bigint): boolean {
    const { closed } = this.#membership;
    return epoch >= this.epoch && (closed === null || epoch > closed);
  }

  /** What an election needs to know of it. Throws `database-unavailable`. */
  async standing(): Promise<Standing> {
    return this.#standing.tell();
  }

  /** Deliveries as they come. */
  get receptions(): Receptions {
    return this.#receptions;
  }

  /** A person wants this node to get a fresh copy of the data. */
  requestRebuild(): void {
    this.#registration.requestRebuild();
  }

  /** Throws `starting` where half a copy is all that there is. */
  checkWhole(): void {
    if (this.#isTorn)
      throw new UnderstudyError("starting", "a copy of the data was not restored to its end here");
  }

  /** Throws `starting` for half a copy, `promotion-blocked` where a transaction could not be applied: neither is anything to lead with. */
  checkFit(): void {
    this.checkWhole();
    if (this.#broken.advice === null) return;
    throw new UnderstudyError("promotion-blocked", `this node can't lead: ${this.#broken.advice}`);
  }

  /** Throws `promotion-blocked` (or as {@link checkFit}) where this node could not lead on after the master of this epoch. */
  checkTakes(epoch: bigint): void {
    this.checkFit();
    if (this.obeys(epoch) && this.epoch === epoch && !this.#standing.isOutside) return;
    throw new UnderstudyError("promotion-blocked", `this node does not follow the master of epoch ${epoch}`);
  }

  /** Throws `starting` where this node's data is not the cluster's. One that has only stopped to follow has old data, but right ones. */
  checkInside(): void {
    if (!this.#standing.isOutside) return;
    const problem = this.#registration.problem ?? "it waits for its first delivery";
    throw new UnderstudyError("starting", `this node's data is not the cluster's: ${problem}`);
  }

  /** Throws `no-leader` where a copy of this node may be no copy of what the master of this epoch has. */
  checkGivesCopies(epoch: bigint): void {
    this.checkInside();
    if (this.#registration.epoch === epoch && this.obeys(epoch) && this.#broken.advice === null) return;
    throw new UnderstudyError("no-leader", `this slave gives no copy for epoch ${epoch}`);
  }

  /** Takes a delivery from the master in. The route has checked nothing but the media type. */
  async receive(
    headers: DeliveryHeaders,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<ReplicateAnswer> {
    const { clock, metrics } = this.#services;
    this.checkWhole();
    await this.#registration.settled(signal);
    this.#checkDelivery(headers);
    using reception = this.#receptions.begin(signal);
    const after = positionOf(this.#services, headers.after);
    const masterPosition = positionOf(this.#services, headers.masterPosition);
    this.#monitor.report(MASTER, { ok: true });
    this.#services.sightings.note(headers.sender, clock.nowMs());
    this.#lag.heard({ position: masterPosition, atMs: clock.monotonicMs() });
    using _reception = this.#registration.receive();
    const bytesBefore = this.#applier.stats.bytes;
    const outcome = await timedApply(metrics, clock, () =>
      this.#applier.apply(endWhenIdle(body, clock, BODY_IDLE_MS), { after, signal: reception.signal }),
    ).catch(async (error: unknown) => {
      await this.#broken.note();
      // its applier was closed under it
      if (!isUnderstudyError(error)) this.reads.ended.throwIfAborted();
      throw error;
    });
    // an ack that this node has promised not to give any more
    reception.signal.throwIfAborted();
    // only what came as a whole delivery may change whom this node follows: headers alone are quickly forged or garbled
    this.#membership.follow({ clusterId: headers.clusterId, epoch: headers.epoch, leader: headers.sender });
    // without elections a master's own word for its address is the latest
    if (!this.#services.config.hasElections && headers.senderUrl !== null) {
      this.#link.set({ nodeId: headers.sender, url: headers.senderUrl });
    }
    this.#registration.heard();
    this.#standing.noteHeard(this.lagMs());
    await this.#standing.settle();
    this.reads.delivered.notify();
    if (outcome.applied > 0) {
      const bytes = Math.max(0, this.#applier.stats.bytes - bytesBefore);
      this.#throughput.add({ transactions: outcome.applied, bytes });
    }
    const { nodeId } = this.#services.identity;
    return {
      position: outcome.position.toString(),
      applied: outcome.applied,
      nodeId,
      ...this.copies.told,
    };
  }

  #checkDelivery(headers: DeliveryHeaders): void {
    const registered = this.#registration.epoch;
    try {
      checkDelivery(headers, {
        nodeId: this.#services.identity.nodeId,
        wire: WIRE_VERSIONS,
        flavour: this.#services.executor.server.flavour,
        clusterId: this.#membership.clusterId,
        epoch: this.epoch,
        closed: this.#membership.closed,
        registered,
        broken: this.#services.config.brokenRule,
      });
    } catch (error) {
      const { sender: nodeId, senderUrl: url, epoch } = headers;
      // a master that knows this node from before, and takes a restart of it for no more than a pause
      if (isUnderstudyError(error, "starting") && registered !== epoch && url !== null) {
        this.invited({ nodeId, url, epoch });
      }
      throw error;
    }
  }

  /** Where this node's history ends, asked from its server, for a master that starts delivering. */
  async replicatePosition(): Promise<ReplicatePosition> {
    const position = await this.#applier.refresh();
    const { nodeId } = this.#services.identity;
    const common = { nodeId, position: position.toString(), epoch: this.epoch.toString() };
    const { reason } = this.#broken;
    if (reason === null) return { ...common, state: "streaming" };
    return { ...common, state: "broken", error: reason };
  }

  noteHealth({ from, to, reason }: HealthChange): void {
    if (from !== null || to !== "up") {
      this.#services.events.record("state-changed", `the master is ${to}: ${reason}`);
    }
    if (to === "up") this.#registration.hurry();
  }

  /** Leaves `broken`, so that the next delivery tries again. Throws `apply-failed` where only a fresh copy helps. */
  async resume(): Promise<void> {
    await this.#broken.resume();
    this.#registration.hurry();
  }

  /** How an interactive transaction ended, where this node's own copy tells. Throws `not-found` for an id that was never issued. */
  findTransactionEnd(id: string): Promise<TransactionEnd | null> {
    return findTransactionEnd(this.#services, { id, epoch: this.epoch });
  }

  view(): ClusterView {
    return buildSlaveView({
      services: this.#services,
      membership: this.#membership,
      leader: this.#link.leader,
      masterMembers: this.#follower.latest?.members ?? this.#registration.toldMembers,
      masterWarnings: this.#follower.latest?.warnings ?? [],
      masterHealth: this.#monitor.stateOf(MASTER),
      positionText: this.positionText(),
      lagMs: this.lagMs(),
      broken: this.#broken.reason,
      problem: this.#registration.problem,
      isOutside: this.#standing.isOutside,
      throughput: this.#throughput.rates(),
    });
  }

  /** Ends the role; the server stays read-only. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.reads[Symbol.dispose]();
    await Promise.all([
      this.#registration[Symbol.asyncDispose](),
      this.#monitor[Symbol.asyncDispose](),
      this.#follower[Symbol.asyncDispose](),
    ]);
    await this.#applier[Symbol.asyncDispose]();
    await this.#link[Symbol.asyncDispose]();
  }
}
