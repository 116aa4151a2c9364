import { ThroughputMeter, type HealthChange, type HealthMonitor } from "@understudy/health-monitor";
import type { SlavesInSync } from "@understudy/election";
import { readHistory, type GtidPosition } from "@understudy/binlog";
import { BackgroundLoop, messageOf } from "@understudy/kernel";
import {
  chooseWire,
  UnderstudyError,
  UNTOLD_WIRE,
  WIRE_VERSIONS,
  type CopyProgress,
  type RegisterAnswer,
  type RegisterRequest,
} from "@understudy/protocol";
import type { DeliveryOutcome, ReplicationQueue } from "@understudy/replication-queue";
import type { MemberRecord } from "../cluster/cluster-store.ts";
import type { EpochRecord } from "../cluster/epoch-store.ts";
import { decideJoin, type JoinDecision } from "../cluster/join-decision.ts";
import type { MemberFacts } from "../cluster/master-view.ts";
import type { MemberRegistry, RegisteredMember } from "../cluster/member-registry.ts";
import type { TwinCheck } from "../cluster/twin-check.ts";
import type { RoleServices } from "../node-services.ts";
import { ackGoalOf } from "../writes/ack-goal.ts";
import { positionOf } from "./binlog-access.ts";
import type { CopyServer } from "./copy-server.ts";
import { SlaveCopies } from "./slave-copies.ts";
import { tellMember } from "./tell-member.ts";
import { historyReachFor, type HistoryReach } from "./history-reach.ts";
import { createSlaveEndpoint } from "./slave-endpoint.ts";
import { SlavesHeard } from "./slaves-heard.ts";
import { SlavesReached } from "./slaves-reached.ts";
import { SlavesLeaving } from "./slaves-leaving.ts";

const NEWCOMERS_MAX = 100;

/** What {@link MasterMembers} works on; all of it is the role's, which ends it. */
export interface MasterMembersOptions {
  readonly services: RoleServices;
  readonly clusterId: string;
  readonly epoch: bigint;
  /** All that this master's data know: none begins while it leads. */
  readonly epochs: readonly EpochRecord[];
  readonly registry: MemberRegistry;
  readonly queue: ReplicationQueue;
  readonly monitor: HealthMonitor;
  readonly copies: CopyServer;
  readonly twins: TwinCheck;
  /** A new master's slaves have that much longer to find it. */
  readonly graceMs: number;
}

/** Between two invitations of a member, doubled each time; most of them know by themselves who leads. */
const INVITE_MS = 500;
const INVITE_MS_MAX = 5000;

/** A master's slaves: how they join and leave, and how deliveries to them go. */
export class MasterMembers implements AsyncDisposable {
  readonly #of: MasterMembersOptions;
  readonly #heard: SlavesHeard;
  readonly #leaving: SlavesLeaving;
  readonly #reached: SlavesReached;
  readonly #throughput = new Map<string, ThroughputMeter>();
  /** Who is to get a copy before it can be a member; shown while one is on its way. */
  readonly #newcomers = new Map<string, MemberRecord>();
  /** In which version each is spoken to, as chosen when it registered. */
  readonly #wires = new Map<string, number>();
  /** To whom an operator wants nothing delivered. */
  readonly #paused = new Set<string>();
  /** The copies that slaves give. */
  readonly #slaveCopies: SlaveCopies;
  readonly #invitations: BackgroundLoop;

  constructor(options: MasterMembersOptions) {
    this.#of = options;
    this.#slaveCopies = new SlaveCopies(options.services);
    this.#heard = new SlavesHeard(options.services.clock);
    const { logger, leadership, clock } = options.services;
    this.#reached = new SlavesReached({
      inSync: () => this.inSync(),
      monitor: options.monitor,
      clock,
      logger,
      hasElections: options.services.config.hasElections,
      graceMs: options.graceMs,
      onAlone: () => leadership.doubt(),
    });
    const hasEnough = (): boolean => {
      const { following, acks } = this.inSync();
      return following.length >= acks;
    };
    this.#leaving = new SlavesLeaving({ leadership, hasEnough, clock });
    this.#invitations = new BackgroundLoop(
      (signal) => this.#invite(signal),
      (error) => logger.error({ event: "invitations-ended", err: error }, messageOf(error)),
    );
  }

  /**
   * Tells members that have not registered with this master yet that it waits for them. Until then nothing is delivered to them: where
   * their position alone looks like a part of this history, its numbers may stand for what another master has written. And tells slaves
   * whose acks are needed to give no copies.
   */
  async #invite(signal: AbortSignal): Promise<void> {
    const { clock, config, identity, logger } = this.#of.services;
    const { nodeId: leader, advertisedUrl: url } = identity;
    const words = { leader, epoch: this.#of.epoch.toString(), promises: false };
    // whoever watches an election hears of it at once, and has enough to do then
    if (config.hasElections) await clock.sleep(INVITE_MS, signal);
    for (let attempt = 0; ; attempt++) {
      const waiting = this.#of.registry.all().filter(({ nodeId }) => !this.#of.queue.hasSlave(nodeId));
      const needed = this.#slaveCopies.needed(this.inSync()).map((nodeId) => this.#of.registry.get(nodeId));
      await Promise.all([
        ...waiting.map((member) => tellMember(member, { ...words, url }, { logger, signal })),
        ...needed.map(
          async (member) => member && tellMember(member, { ...words, endsCopies: true }, { logger, signal }),
        ),
      ]);
      const waitMs = Math.min(INVITE_MS * 2 ** Math.min(attempt, 10), INVITE_MS_MAX);
      await clock.sleep(this.#slaveCopies.isUnderWay ? INVITE_MS : waitMs, signal);
    }
  }

  /** A node asks to join, or is back: decides, and delivers to it where it may. Throws the refusal's code. */
  async register(
    request: RegisterRequest,
  ): Promise<Pick<RegisterAnswer, "action" | "reason" | "survived" | "gtid" | "wire" | "copyFrom">> {
    const { identity, events } = this.#of.services;
    // at the same time: after a change of masters, writes wait for this
    const [, survived, { executed, purged }] = await Promise.all([
      this.#of.twins.check(request, this.#of.registry.get(request.nodeId)),
      this.#survivedOf(BigInt(request.dataEpoch)),
      historyReachFor(this.#of, request),
    ]);
    const decision = this.#decide(request, { survived, executed, purged });
    if (decision.kind === "refuse") {
      events.record("warning", `${request.nodeId} may not join: ${decision.reason}`, request.nodeId);
      throw new UnderstudyError(decision.code, decision.reason);
    }
    const { nodeId, wire: spoken = UNTOLD_WIRE } = request;
    const choice = chooseWire({ nodeId, wire: spoken }, { nodeId: identity.nodeId, wire: WIRE_VERSIONS });
    if (choice.kind === "chosen") this.#wires.set(nodeId, choice.version);
    if (decision.kind === "deliver") {
      this.#heard.noteRegistered(request.nodeId, executed);
      await this.#admit(request);
    }
    if (decision.kind === "rebuild") {
      this.#expect(request);
      await this.#leaving.takeOut(nodeId);
    }
    const { registry, queue } = this.#of;
    const copyFrom =
      decision.kind === "rebuild"
        ? this.#slaveCopies.sourceFor(nodeId, { slaves: registry.all(), queue, inSync: this.inSync() })
        : null;
    const reason = decision.kind === "rebuild" ? decision.reason : "";
    return {
      action: decision.kind,
      reason,
      survived: decision.kind === "rebuild" ? survived : "",
      gtid: executed.toString(),
      wire: this.#wireOf(nodeId),
      ...(copyFrom ? { copyFrom } : {}),
    };
  }

  /** A member that has not registered with this master yet may be of any release that registers at all. */
  #wireOf(nodeId: string): number {
    return this.#wires.get(nodeId) ?? WIRE_VERSIONS.oldest;
  }

  /**
   * What this master's history has of one that ended in `dataEpoch`: where the next epoch began, since later numbers may have been
   * used again, on MariaDB by another server, on MySQL by the same one after it got a fresh copy; of its own epoch, all that it has.
   */
  async #survivedOf(dataEpoch: bigint): Promise<string> {
    const { executor } = this.#of.services;
    const { flavour } = executor.server;
    const next = this.#of.epochs.find(({ epoch }) => epoch > dataEpoch);
    const start = flavour === "mysql" ? next?.startGtid : next?.startState;
    if (start !== undefined && start !== "" && dataEpoch > 0n) return start;
    return executor.withAdmin((session) => readHistory(session, flavour));
  }

  #decide(request: RegisterRequest, own: HistoryReach & { readonly survived: string }): JoinDecision {
    const { identity, executor } = this.#of.services;
    const { flavour, serverId } = executor.server;
    return decideJoin({
      self: {
        nodeId: identity.nodeId,
        clusterId: this.#of.clusterId,
        epoch: this.#of.epoch,
        flavour,
        serverId,
        wire: WIRE_VERSIONS,
        ...own,
      },
      joiner: {
        nodeId: request.nodeId,
        clusterId: request.clusterId,
        epoch: BigInt(request.epoch),
        flavour: request.flavour,
        serverId: request.serverId,
        wire: request.wire ?? UNTOLD_WIRE,
        // a position of the other flavour can't be read, and is refused for its flavour anyway
        position: positionOf(this.#of.services, request.flavour === flavour ? request.gtid : ""),
        history: request.flavour === flavour ? request.history : "",
        empty: request.empty,
        torn: request.torn,
        wantsRebuild: request.wantsRebuild,
      },
    });
  }

  /** One at a time gets a copy, so that few of them need be remembered. */
  #expect({ nodeId, url, serverVersion, version }: RegisterRequest): void {
    this.#newcomers.delete(nodeId);
    if (this.#of.registry.get(nodeId)) return;
    this.#newcomers.set(nodeId, { nodeId, url, serverVersion, version });
    const [oldest] = this.#newcomers.keys();
    if (this.#newcomers.size > NEWCOMERS_MAX && oldest !== undefined) this.#newcomers.delete(oldest);
  }

  async #admit(request: RegisterRequest): Promise<void> {
    const { events } = this.#of.services;
    const { nodeId, url, serverVersion, version } = request;
    const before = this.#of.registry.get(nodeId);
    const wasAway = this.#of.queue.view(nodeId)?.queue.mode !== "paused";
    this.#newcomers.delete(nodeId);
    this.#slaveCopies.admitted(nodeId);
    this.#leaving.comeBack(nodeId);
    const { member, isNew } = await this.#of.registry.put({ nodeId, url, serverVersion, version });
    if (isNew) events.record("joined", `${nodeId} joined from ${url}`, nodeId);
    // a slave that is only paused asks now and then why it hears nothing, and was never away
    else if (wasAway) events.record("rejoined", `${nodeId} is back from ${url}`, nodeId);
    const from = positionOf(this.#of.services, request.gtid);
    if (before?.client === member.client && this.#of.queue.hasSlave(nodeId))
      this.#of.queue.restart(nodeId, from);
    else await this.#deliverTo(member, from);
    this.#of.monitor.report(nodeId, { ok: true });
  }

  async #deliverTo(member: RegisteredMember, from: GtidPosition): Promise<void> {
    const { identity, executor } = this.#of.services;
    await this.#of.queue.addSlave(
      createSlaveEndpoint(member.nodeId, member.client, {
        nodeId: identity.nodeId,
        url: identity.advertisedUrl,
        clusterId: this.#of.clusterId,
        epoch: this.#of.epoch,
        flavour: executor.server.flavour,
        serverVersion: executor.server.version,
        wire: () => this.#wireOf(member.nodeId),
        parsePosition: (text) => positionOf(this.#of.services, text),
        onGiving: (told) => this.#slaveCopies.note(member.nodeId, told),
      }),
      from,
    );
    if (this.#paused.has(member.nodeId)) this.#of.queue.pause(member.nodeId, "operator");
  }

  noteHealth({ nodeId, from, to, reason }: HealthChange): void {
    if (from !== null || to !== "up") {
      this.#of.services.events.record("state-changed", `${nodeId} is ${to}: ${reason}`, nodeId);
    }
    if (to !== "up") this.#of.services.leadership.doubt();
    if (to === "down") this.#slaveCopies.forget(nodeId);
    // a slave that is gone without closing its connections, or is back, starts over from its own word
    if (to === "down" || from === "down") this.#of.queue.restart(nodeId);
  }

  noteDelivery(nodeId: string, outcome: DeliveryOutcome): void {
    const { events, metrics } = this.#of.services;
    if (outcome.ok) {
      this.#of.monitor.report(nodeId, { ok: true });
      return;
    }
    metrics.count("understudy_delivery_failures_total", { member: nodeId, code: outcome.code });
    if (outcome.code === "apply-failed") {
      events.record("replication-broken", `${nodeId} can't go on: ${outcome.message}`, nodeId);
    } else if (outcome.code === "epoch-stale" || outcome.code === "snapshot-required") {
      events.record("error", `deliveries to ${nodeId} ended: ${outcome.message}`, nodeId);
    }
    if (outcome.code === "epoch-stale") this.#of.services.leadership.doubt();
  }

  noteDelivered(nodeId: string, done: { readonly transactions: number; readonly bytes: number }): void {
    this.#of.monitor.report(nodeId, { ok: true });
    // who has just come to follow should be in sync at once: writes may wait for its acks
    if (this.#heard.note(nodeId)) this.#of.services.leadership.doubt();
    if (done.transactions === 0) return;
    const { metrics } = this.#of.services;
    metrics.count("understudy_delivered_transactions_total", { member: nodeId }, done.transactions);
    metrics.count("understudy_delivered_bytes_total", { member: nodeId }, done.bytes);
    const meter = this.#throughput.get(nodeId) ?? new ThroughputMeter({ clock: this.#of.services.clock });
    this.#throughput.set(nodeId, meter);
    meter.add(done);
  }

  /** Holds deliveries to a member back until {@link resume}. Throws `not-found`. */
  pause(nodeId: string): void {
    this.#memberOf(nodeId);
    this.#paused.add(nodeId);
    this.#of.queue.pause(nodeId, "operator");
  }

  /** Goes on after {@link pause}, or tries again after a failure. Throws `not-found`. */
  resume(nodeId: string): void {
    this.#memberOf(nodeId);
    this.#paused.delete(nodeId);
    this.#of.queue.resume(nodeId, "operator");
    this.#of.queue.restart(nodeId);
  }

  /** Forgets a member for good; it may register again. Throws `not-found`. */
  async remove(nodeId: string): Promise<void> {
    this.#memberOf(nodeId);
    await this.#of.queue.removeSlave(nodeId);
    await this.#of.registry.remove(nodeId);
    this.#throughput.delete(nodeId);
    this.#wires.delete(nodeId);
    this.#paused.delete(nodeId);
    this.#of.twins.forget(nodeId);
    this.#heard.forget(nodeId);
    this.#slaveCopies.forget(nodeId);
    this.#leaving.comeBack(nodeId);
    this.#of.services.events.record("warning", `${nodeId} was removed from the cluster`, nodeId);
  }

  #memberOf(nodeId: string): RegisteredMember {
    const member = this.#of.registry.get(nodeId);
    if (!member) throw new UnderstudyError("not-found", `no member is called ${JSON.stringify(nodeId)}`);
    return member;
  }

  /** How each slave stands. */
  facts(): MemberFacts[] {
    const { registry, monitor, queue, copies } = this.#of;
    const copyOf = (nodeId: string): CopyProgress | null =>
      copies.progressOf(nodeId) ?? this.#slaveCopies.progressOf(nodeId);
    const newcomers = [...this.#newcomers.values()].filter(({ nodeId }) => copyOf(nodeId) !== null);
    return [...registry.all(), ...newcomers].map((member) => ({
      record: member,
      health: monitor.stateOf(member.nodeId),
      slave: queue.view(member.nodeId),
      throughput: this.#throughput.get(member.nodeId)?.rates() ?? null,
      copy: copyOf(member.nodeId),
    }));
  }

  /** Whether enough of them can be reached. */
  get reached(): SlavesReached {
    return this.#reached;
  }

  /** All of them, and which follow. */
  inSync(): SlavesInSync {
    const { registry, queue, services } = this.#of;
    const slaves = registry.all().map(({ nodeId }) => nodeId);
    return {
      slaves,
      following: slaves.filter(
        (nodeId) => !this.#leaving.has(nodeId) && this.#heard.follows(nodeId, queue.view(nodeId)),
      ),
      acks: ackGoalOf(services.config.defaultAck, slaves.length),
    };
  }

  /** Ends the invitations; the queue and the rest are the role's. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { registry, monitor, services } = this.#of;
    for (const { nodeId } of registry.all()) {
      services.sightings.note(nodeId, monitor.stateOf(nodeId)?.lastSeenMs ?? Number.NaN);
    }
    await Promise.all([this.#invitations[Symbol.asyncDispose](), this.#reached[Symbol.asyncDispose]()]);
  }
}
