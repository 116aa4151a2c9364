import type { Applier } from "@understudy/applier";
import type { GtidPosition } from "@understudy/binlog";
import type { NodeDescription } from "@understudy/election";
import type { ClusterStore } from "../cluster/cluster-store.ts";
import type { RoleServices } from "../node-services.ts";
import { brokenReason } from "./broken-reason.ts";
import { forgetOwedHistory, keepOwedHistory, keepPartedHistory, type OwedHistory } from "./owed-history.ts";
import type { Membership } from "./membership.ts";

/** What a role tells an election of its node. */
export type Standing = Pick<
  NodeDescription,
  "role" | "unfit" | "hasHistory" | "dataEpoch" | "gtid" | "behindMs" | "startsNewCluster" | "knows"
>;

/** What {@link SlaveStanding} needs. */
export interface SlaveStandingOptions {
  readonly services: RoleServices;
  readonly store: ClusterStore;
  readonly applier: Applier;
  readonly membership: Membership;
  /** True where the master has refused this node's data. */
  readonly isRefused: () => boolean;
  /** A copy of the data was not restored to its end. */
  readonly isTorn: boolean;
  /** As `readOwedHistory` told when the role began. */
  readonly owedHistory: OwedHistory | null;
}

/** Members come and go seldom; whoever knows too few of them does not know whose writes it may lack. */
const MEMBERS_EVERY_MS = 5000;

/** How a slave stands in an election. */
export class SlaveStanding {
  readonly #of: SlaveStandingOptions;
  #dataEpoch: bigint;
  #knows: { readonly members: readonly string[]; readonly atMs: number } | null = null;
  #behindMs: number | null = null;
  /** What the master had when this node registered. Until that is here, its data is not the cluster's. */
  #owed: GtidPosition | null = null;
  /** Kept in the data folder as well. */
  #owedHistory: OwedHistory | null;

  constructor(options: SlaveStandingOptions) {
    this.#of = options;
    this.#dataEpoch = options.membership.epoch;
    this.#owedHistory = options.owedHistory;
  }

  /** True until it has all that a master had when it registered, where it may lack what it acked once, or has parted from a master. */
  get owes(): boolean {
    return this.#owedHistory !== null;
  }

  /** True since a master has said that these data hold what it lacks, until one takes them as they are or others are here. */
  get isParted(): boolean {
    return this.#owedHistory === "parted";
  }

  /** Before the first delivery of a first master there is nothing to read; data that a master refuses, or refused, are not the cluster's. */
  get isOutside(): boolean {
    const { isTorn, membership, isRefused } = this.#of;
    return isTorn || membership.clusterId === null || isRefused() || this.isParted;
  }

  /** It has registered, new or with owed history, when the master was at `position`. */
  async noteNew(position: GtidPosition): Promise<void> {
    if (this.isParted) {
      await keepOwedHistory(this.#of.services.config.dataDir, "a master has taken these data after all");
      this.#owedHistory = "behind";
    }
    this.#owed = position;
  }

  /**
   * A master has said that these data are no part of its history. That stays true when the master is gone, and after a restart: what it
   * lacks must neither lead nor be read for the cluster's. Resolves when it is on the disk.
   */
  async noteParted(reason: string): Promise<void> {
    if (this.isParted) return;
    await keepPartedHistory(this.#of.services.config.dataDir, reason);
    this.#owedHistory = "parted";
  }

  /** To be called when more is here than before. */
  async settle(): Promise<void> {
    const { applier, services } = this.#of;
    if (!this.#owed || !applier.position.contains(this.#owed)) return;
    if (this.owes) await forgetOwedHistory(services.config.dataDir);
    this.#owed = null;
    this.#owedHistory = null;
  }

  /** The master was heard, when this node was so far behind. */
  noteHeard(behindMs: number | null): void {
    this.#behindMs = behindMs;
  }

  /** Asks the database only for what may have changed. Throws `database-unavailable`. */
  async tell(): Promise<Standing> {
    const { services, store, applier, membership, isRefused, isTorn } = this.#of;
    const { config } = services;
    const isNew = membership.clusterId === null;
    await this.settle();
    const startsNewCluster = isNew && !isTorn && config.role === "master";
    if (this.#dataEpoch < membership.epoch) {
      this.#dataEpoch = (await store.read())?.epoch ?? 0n;
      this.#knows = null;
    }
    const knows = isNew ? [] : await this.#membersKnown();
    return {
      role: "slave",
      unfit: this.#unfitReason(),
      hasHistory: startsNewCluster || (!isNew && this.#owed === null && !this.owes && !isRefused()),
      dataEpoch: this.#dataEpoch.toString(),
      gtid: applier.position.toString(),
      behindMs: this.#behindMs,
      startsNewCluster,
      knows,
    };
  }

  async #membersKnown(): Promise<string[]> {
    const { services, store } = this.#of;
    const nowMs = services.clock.monotonicMs();
    if (!this.#knows || nowMs - this.#knows.atMs >= MEMBERS_EVERY_MS) {
      const members = (await store.members()).map(({ nodeId }) => nodeId);
      this.#knows = { members, atMs: nowMs };
    }
    return [...this.#knows.members];
  }

  #unfitReason(): string {
    const { services, applier } = this.#of;
    const broken = brokenReason(applier.state);
    if (broken !== null) return `its replication is broken at ${broken}`;
    if (!services.config.promotable) return "it is configured never to lead (UNDERSTUDY_PROMOTABLE=false)";
    return "";
  }
}
