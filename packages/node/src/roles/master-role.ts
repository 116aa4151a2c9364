import { type HealthMonitor } from "@understudy/health-monitor";
import type { GtidPosition } from "@understudy/binlog";
import type { AckSet } from "@understudy/election";
import { BackgroundLoop, messageOf, orAbort } from "@understudy/kernel";
import {
  formatPosition,
  type ClusterView,
  type RegisterAnswer,
  type RegisterRequest,
} from "@understudy/protocol";
import type { ReplicationQueue } from "@understudy/replication-queue";
import { type ClusterRecord } from "../cluster/cluster-store.ts";
import { buildMasterView } from "../cluster/master-view.ts";
import type { MemberRegistry } from "../cluster/member-registry.ts";
import type { SchemaWarnings } from "../cluster/schema-warnings.ts";
import { ownWarnings, type RoleServices } from "../node-services.ts";
import type { MasterReads } from "../reads/master-reads.ts";
import type { TransactionRegistry } from "../transactions/transaction-registry.ts";
import { positionOf } from "./binlog-access.ts";
import type { KeyedWrites } from "../writes/idempotency/keyed-writes.ts";
import type { WriteAcks } from "../writes/write-acks.ts";
import { WriteGate } from "../writes/write-gate.ts";
import type { RoleFacts } from "./role.ts";
import type { BinlogWatch } from "./binlog-watch.ts";
import type { CommitWatch } from "./commit-watch.ts";
import type { WriteAccess } from "./write-access.ts";
import { LeadCheck } from "./lead-check.ts";
import type { CopyServer } from "./copy-server.ts";
import type { MasterMembers } from "./master-members.ts";
import { openMasterParts, type MasterBegin, type MasterParts } from "./master-parts.ts";
import type { Standing } from "./slave-standing.ts";

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
  /** Where writes pass. */
  readonly gate = new WriteGate();
  /** Copies for members that need one. */
  readonly copies: CopyServer;
  /** Its slaves. */
  readonly members: MasterMembers;
  readonly #services: RoleServices;
  readonly #record: ClusterRecord;
  readonly #registry: MemberRegistry;
  readonly #queue: ReplicationQueue;
  readonly #warnings: SchemaWarnings;
  readonly #monitor: HealthMonitor;
  readonly #access: WriteAccess;
  readonly #commits: CommitWatch | null;
  readonly #binlog: BinlogWatch;
  readonly #leadCheck: LeadCheck;
  readonly #conditions: BackgroundLoop;

  private constructor(services: RoleServices, parts: MasterParts) {
    this.keyed = parts.keyed;
    this.#services = services;
    this.#record = parts.record;
    this.#registry = parts.registry;
    this.#queue = parts.queue;
    this.#warnings = parts.warnings;
    this.reads = parts.reads;
    this.acks = parts.acks;
    this.#conditions = new BackgroundLoop(
      (signal) => this.#followConditions(signal),
      (error) => services.logger.error({ event: "conditions-not-followed", err: error }, messageOf(error)),
    );
    this.#access = parts.access;
    this.#commits = parts.commits;
    this.#binlog = parts.binlog;
    this.members = parts.members;
    this.copies = parts.copies;
    this.#leadCheck = new LeadCheck({
      nodeId: services.identity.nodeId,
      epoch: parts.record.epoch,
      registry: parts.registry,
      leadership: services.leadership,
      hasElections: services.config.hasElections,
      clock: services.clock,
    });
    this.#monitor = parts.monitor;
    this.transactions = parts.transactions;
  }

  /**
   * Opens the role: the server becomes writable, the queue starts, known members are waited for.
   */
  static async open(services: RoleServices, begin: MasterBegin): Promise<MasterRole> {
    await using opening = new AsyncDisposableStack();
    const parts = await openMasterParts(services, { ...begin, opening });
    const role = new MasterRole(services, parts);
    opening.defer(() => role.#conditions[Symbol.asyncDispose]());
    opening.move();
    return role;
  }

  /** Writes that wait for acks are looked at again whenever other acks count. */
  async #followConditions(signal: AbortSignal): Promise<void> {
    for (;;) {
      const changed = this.#services.leadership.conditionsChanged();
      this.#queue.recheckAcks();
      await orAbort(changed, signal);
    }
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
    this.#commits?.noteCommit();
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
    await this.#leadCheck.check();
  }

  /** Why commits do not go through; null while they do. */
  stalled(): string | null {
    return this.#commits?.stalled ?? null;
  }

  /** True where commits do not return at all. */
  hangs(): boolean {
    return this.#commits?.hangs ?? false;
  }

  /** Why what is committed here reaches no slave; null while it can. */
  unreadableBinlog(): string | null {
    return this.#binlog.unreadable;
  }

  /** Something about the database server looks wrong: it is tried at once. */
  doubtDatabase(): void {
    this.#commits?.doubt();
  }

  /** Asks every member whether it accepts no other master than this one for the time of a lease. */
  async allAgree(signal: AbortSignal): Promise<boolean> {
    return this.#leadCheck.allPromise({ stalled: this.stalled() !== null, signal });
  }

  /** Resolves when all that is committed here by now has been acked by so many of those. */
  async acked({ members, acks }: AckSet, signal: AbortSignal): Promise<void> {
    const position = await this.reads.askSeen();
    const isEnough = (acked: readonly string[]): boolean =>
      acked.filter((nodeId) => members.includes(nodeId)).length >= acks;
    await this.#queue.waitForAcks({ position, wanted: () => acks, isEnough, signal });
  }

  /** What an election needs to know of it. */
  standing(): Standing {
    return {
      role: "master",
      unfit: "",
      hasHistory: true,
      dataEpoch: this.epoch.toString(),
      gtid: this.reads.visible.toString(),
      behindMs: 0,
      startsNewCluster: false,
      knows: [this.#services.identity.nodeId, ...this.#registry.all().map(({ nodeId }) => nodeId)],
    };
  }

  /** Lets plain clients write no more, while this node still leads; nor does this node write anything of its own. */
  async closeServer(): Promise<void> {
    await this.#commits?.hold();
    await this.#access.close();
  }

  /** Undoes {@link closeServer}. Where the server does not let it, the role goes on without, and notices if commits don't go through. */
  async openServer(): Promise<void> {
    this.#commits?.release();
    await this.#access.open();
  }

  /** Lets no write in any more, and makes the database server take none. Throws where that can't be had in time. */
  async fence(): Promise<void> {
    this.gate.close();
    await this.#access.end();
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
    const { identity } = this.#services;
    const answer = await this.members.register(request);
    return {
      clusterId: this.clusterId,
      epoch: this.epoch.toString(),
      leader: { nodeId: identity.nodeId, url: identity.advertisedUrl },
      ...answer,
      members: this.view().members,
    };
  }

  view(): ClusterView {
    const problem = this.#queue.problem;
    return buildMasterView({
      services: this.#services,
      clusterId: this.clusterId,
      epoch: this.epoch,
      positionText: this.positionText(),
      members: this.members.facts(),
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
    this.gate.close();
    const ends = await Promise.allSettled([
      this.reads[Symbol.asyncDispose](),
      this.transactions[Symbol.asyncDispose](),
      this.members[Symbol.asyncDispose](),
      this.#monitor[Symbol.asyncDispose](),
      this.#conditions[Symbol.asyncDispose](),
      this.#commits?.[Symbol.asyncDispose](),
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
