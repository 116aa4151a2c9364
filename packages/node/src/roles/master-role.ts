import {
  openHealthMonitor,
  ThroughputMeter,
  type HealthChange,
  type HealthMonitor,
} from "@understudy/health-monitor";
import type { GtidPosition } from "@understudy/binlog";
import { messageOf } from "@understudy/kernel";
import {
  formatPosition,
  UnderstudyError,
  type ClusterView,
  type RegisterAnswer,
  type RegisterRequest,
} from "@understudy/protocol";
import { ReplicationQueue, type DeliveryOutcome } from "@understudy/replication-queue";
import { ClusterStore, type ClusterRecord } from "../cluster/cluster-store.ts";
import { decideJoin, type JoinDecision } from "../cluster/join-decision.ts";
import { buildMasterView } from "../cluster/master-view.ts";
import { MemberRegistry, type RegisteredMember } from "../cluster/member-registry.ts";
import { SchemaWarnings } from "../cluster/schema-warnings.ts";
import { ownWarnings, type RoleServices } from "../node-services.ts";
import type { MasterReads } from "../reads/master-reads.ts";
import { openMasterReads } from "../reads/open-master-reads.ts";
import { openTransactions } from "../transactions/open-transactions.ts";
import type { TransactionRegistry } from "../transactions/transaction-registry.ts";
import { askExecutedPosition, askPurgedPosition, createBinlogAccess, positionOf } from "./binlog-access.ts";
import { openKeyedWrites } from "../writes/idempotency/open-keyed-writes.ts";
import type { KeyedWrites } from "../writes/idempotency/keyed-writes.ts";
import { WriteAcks } from "../writes/write-acks.ts";
import type { RoleFacts } from "./role.ts";
import { applyServerMode } from "./server-mode.ts";
import { createSlaveEndpoint } from "./slave-endpoint.ts";

interface MasterParts {
  readonly record: ClusterRecord;
  readonly registry: MemberRegistry;
  readonly queue: ReplicationQueue;
  readonly reads: MasterReads;
  readonly keyed: KeyedWrites;
  readonly warnings: SchemaWarnings;
  readonly monitor: HealthMonitor;
  readonly transactions: TransactionRegistry;
}

/** A node that leads: its database server is writable, and its binlog goes to every member. */
export class MasterRole implements RoleFacts, AsyncDisposable {
  readonly kind = "master";
  /** The interactive transactions; they end with the role. */
  readonly transactions: TransactionRegistry;
  /** Writes under idempotency keys. */
  readonly keyed: KeyedWrites;
  /** What reads see here. */
  readonly reads: MasterReads;
  /** Waits for acks. */
  readonly acks: WriteAcks;
  readonly #services: RoleServices;
  readonly #record: ClusterRecord;
  readonly #registry: MemberRegistry;
  readonly #queue: ReplicationQueue;
  readonly #warnings: SchemaWarnings;
  readonly #monitor: HealthMonitor;
  readonly #throughput = new Map<string, ThroughputMeter>();

  private constructor(services: RoleServices, parts: MasterParts) {
    this.keyed = parts.keyed;
    this.#services = services;
    this.#record = parts.record;
    this.#registry = parts.registry;
    this.#queue = parts.queue;
    this.#warnings = parts.warnings;
    this.reads = parts.reads;
    this.acks = new WriteAcks({
      queue: parts.queue,
      slaves: () => parts.registry.all().length,
      defaultAck: services.config.defaultAck,
      clock: services.clock,
      ended: parts.reads.ended,
    });
    this.#monitor = parts.monitor;
    this.transactions = parts.transactions;
  }

  /** Opens the role: the server becomes writable, the queue starts, known members are delivered to. */
  static async open(services: RoleServices): Promise<MasterRole> {
    const { executor, identity, config, clock, random, logger } = services;
    await using opening = new AsyncDisposableStack();
    await applyServerMode(executor, "master");
    const store = new ClusterStore(executor);
    const record = await store.lead(identity.nodeId, config.clusterId);
    const keyed = opening.use(await openKeyedWrites(services, store));
    const registry = opening.use(await MemberRegistry.open(store, identity.nodeId));
    let role: MasterRole | null = null;
    const queue = opening.use(
      new ReplicationQueue({
        flavour: executor.server.flavour,
        read: createBinlogAccess(services),
        from: await askExecutedPosition(services),
        executedPosition: () => askExecutedPosition(services),
        clock,
        random,
        logger,
        limits: {
          windowTransactionsMax: config.windowTransactionsMax,
          windowBytesMax: config.windowBytesMax,
        },
        onOutcome: (nodeId, outcome) => role?.noteDelivery(nodeId, outcome),
        onDelivered: (nodeId, done) => role?.noteDelivered(nodeId, done),
      }),
    );
    const reads = opening.use(await openMasterReads(services, store, queue));
    const warnings = opening.use(new SchemaWarnings(executor, clock, logger));
    const monitor = opening.use(
      await openHealthMonitor({
        clock,
        random,
        logger,
        intervalMs: config.probeIntervalMs,
        timeoutMs: config.probeTimeoutMs,
        targets: () => registry.all(),
        probe: async ({ nodeId }, signal) => {
          await registry.get(nodeId)?.client.ping({ signal, timeoutMs: config.probeTimeoutMs });
        },
        onChange: (change) => role?.noteHealth(change),
      }),
    );
    const transactions = opening.use(await openTransactions(services, record.epoch));
    role = new MasterRole(services, {
      record,
      keyed,
      registry,
      queue,
      reads,
      warnings,
      monitor,
      transactions,
    });
    opening.move();
    for (const member of registry.all()) await role.#deliverTo(member);
    return role;
  }

  get clusterId(): string {
    return this.#record.clusterId;
  }

  get epoch(): bigint {
    return this.#record.epoch;
  }

  /** The queue, for metrics. */
  get queue(): ReplicationQueue {
    return this.#queue;
  }

  positionText(): string {
    return formatPosition({ epoch: this.epoch, gtid: this.reads.visible.toString() });
  }

  /**
   * Position of a write that was confirmed here, given as the server told its GTID (a set, where a procedure committed by
   * itself); where it wrote nothing, of everything that is visible.
   */
  noteWrite(gtid: string | null): string {
    if (gtid === null) return this.positionText();
    this.reads.noteWrite(positionOf(this.#services, gtid));
    return formatPosition({ epoch: this.epoch, gtid });
  }

  /** The same as a value; where it wrote nothing, of everything that it can have seen, which the server is asked for. */
  async writtenPosition(gtid: string | null): Promise<GtidPosition> {
    if (gtid === null) return this.reads.askSeen();
    const written = positionOf(this.#services, gtid);
    this.reads.noteWrite(written);
    return written;
  }

  /** All that this node's server has committed, asked from it. */
  async executedPosition(): Promise<GtidPosition> {
    return this.reads.askSeen();
  }

  /**
   * Called before a read is answered that must not miss what another master may have confirmed. Throws `no-leader` where this
   * node can't be sure to lead. A static master leads until a person stops it; a lease is checked here.
   */
  async checkLeads(): Promise<void> {
    // no election, no lease
  }

  lagMs(): number {
    return 0;
  }

  problem(): string | null {
    return this.#queue.problem;
  }

  unreadable(): string | null {
    return null;
  }

  /** A node asks to join, or is back. Throws the refusal's code. */
  async register(request: RegisterRequest): Promise<RegisterAnswer> {
    const { identity, events } = this.#services;
    const decision = await this.#decide(request);
    if (decision.kind === "refuse") {
      events.record("warning", `${request.nodeId} may not join: ${decision.reason}`, request.nodeId);
      throw new UnderstudyError(decision.code, decision.reason);
    }
    if (decision.kind === "deliver") await this.#admit(request);
    return {
      clusterId: this.clusterId,
      epoch: this.epoch.toString(),
      leader: { nodeId: identity.nodeId, url: identity.advertisedUrl },
      action: decision.kind,
      gtid: "",
      members: this.view().members,
    };
  }

  async #decide(request: RegisterRequest): Promise<JoinDecision> {
    const { identity, executor } = this.#services;
    const { flavour, serverId } = executor.server;
    return decideJoin({
      self: {
        nodeId: identity.nodeId,
        clusterId: this.clusterId,
        epoch: this.epoch,
        flavour,
        serverId,
        executed: await askExecutedPosition(this.#services),
        purged: await askPurgedPosition(this.#services),
      },
      joiner: {
        nodeId: request.nodeId,
        clusterId: request.clusterId,
        epoch: BigInt(request.epoch),
        flavour: request.flavour,
        serverId: request.serverId,
        // a position of the other flavour can't be read, and is refused for its flavour anyway
        position: positionOf(this.#services, request.flavour === flavour ? request.gtid : ""),
        empty: request.empty,
      },
    });
  }

  async #admit(request: RegisterRequest): Promise<void> {
    const { events } = this.#services;
    const { nodeId, url, serverVersion, version } = request;
    const before = this.#registry.get(nodeId);
    const wasAway = this.#queue.view(nodeId)?.queue.mode !== "paused";
    const { member, isNew } = await this.#registry.put({ nodeId, url, serverVersion, version });
    if (isNew) events.record("joined", `${nodeId} joined from ${url}`, nodeId);
    // a slave that is only paused asks now and then why it hears nothing, and was never away
    else if (wasAway) events.record("rejoined", `${nodeId} is back from ${url}`, nodeId);
    if (before?.client === member.client && this.#queue.hasSlave(nodeId)) this.#queue.restart(nodeId);
    else await this.#deliverTo(member);
    this.#monitor.report(nodeId, { ok: true });
  }

  async #deliverTo(member: RegisteredMember): Promise<void> {
    const { identity, executor } = this.#services;
    await this.#queue.addSlave(
      createSlaveEndpoint(member.nodeId, member.client, {
        nodeId: identity.nodeId,
        clusterId: this.clusterId,
        epoch: this.epoch,
        flavour: executor.server.flavour,
        serverVersion: executor.server.version,
        parsePosition: (text) => positionOf(this.#services, text),
      }),
    );
  }

  noteHealth({ nodeId, from, to, reason }: HealthChange): void {
    if (from !== null || to !== "up") {
      this.#services.events.record("state-changed", `${nodeId} is ${to}: ${reason}`, nodeId);
    }
    // a slave that is gone without closing its connections, or is back, starts over from its own word
    if (to === "down" || from === "down") this.#queue.restart(nodeId);
  }

  noteDelivery(nodeId: string, outcome: DeliveryOutcome): void {
    const { events } = this.#services;
    if (outcome.ok) {
      this.#monitor.report(nodeId, { ok: true });
      return;
    }
    if (outcome.code === "apply-failed") {
      events.record("replication-broken", `${nodeId} can't go on: ${outcome.message}`, nodeId);
    } else if (outcome.code === "epoch-stale" || outcome.code === "snapshot-required") {
      events.record("error", `deliveries to ${nodeId} ended: ${outcome.message}`, nodeId);
    }
  }

  noteDelivered(nodeId: string, done: { readonly transactions: number; readonly bytes: number }): void {
    this.#monitor.report(nodeId, { ok: true });
    if (done.transactions === 0) return;
    const meter = this.#throughput.get(nodeId) ?? new ThroughputMeter({ clock: this.#services.clock });
    this.#throughput.set(nodeId, meter);
    meter.add(done);
  }

  /** Holds deliveries to a member back until {@link resume}. Throws `not-found`. */
  pause(nodeId: string): void {
    this.#memberOf(nodeId);
    this.#queue.pause(nodeId, "operator");
  }

  /** Goes on after {@link pause}, or tries again after a failure. Throws `not-found`. */
  resume(nodeId: string): void {
    this.#memberOf(nodeId);
    this.#queue.resume(nodeId, "operator");
    this.#queue.restart(nodeId);
  }

  /** Forgets a member for good; it may register again. Throws `not-found`. */
  async remove(nodeId: string): Promise<void> {
    this.#memberOf(nodeId);
    await this.#queue.removeSlave(nodeId);
    await this.#registry.remove(nodeId);
    this.#throughput.delete(nodeId);
    this.#services.events.record("warning", `${nodeId} was removed from the cluster`, nodeId);
  }

  #memberOf(nodeId: string): RegisteredMember {
    const member = this.#registry.get(nodeId);
    if (!member) throw new UnderstudyError("not-found", `no member is called ${JSON.stringify(nodeId)}`);
    return member;
  }

  view(): ClusterView {
    const problem = this.#queue.problem;
    return buildMasterView({
      services: this.#services,
      clusterId: this.clusterId,
      epoch: this.epoch,
      positionText: this.positionText(),
      members: this.#registry.all().map((member) => ({
        record: member,
        health: this.#monitor.stateOf(member.nodeId),
        slave: this.#queue.view(member.nodeId),
        throughput: this.#throughput.get(member.nodeId)?.rates() ?? null,
      })),
      warnings: [
        ...ownWarnings(this.#services),
        ...this.#warnings.current(),
        ...(problem === null ? [] : [`the master can't read its own binlog: ${problem}`]),
      ],
    });
  }

  /** Ends the role: nothing is delivered any more. The server is left as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { logger } = this.#services;
    const ends = await Promise.allSettled([
      this.reads[Symbol.asyncDispose](),
      this.transactions[Symbol.asyncDispose](),
      this.#monitor[Symbol.asyncDispose](),
      this.keyed[Symbol.asyncDispose](),
      this.#warnings[Symbol.asyncDispose](),
      this.#queue[Symbol.asyncDispose](),
    ]);
    await this.#registry[Symbol.asyncDispose]();
    for (const end of ends) {
      if (end.status === "rejected") {
        logger.error({ event: "role-end-failed" }, messageOf(end.reason));
      }
    }
  }
}
