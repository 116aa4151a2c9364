import type { Applier } from "@understudy/applier";
import type { GtidPosition } from "@understudy/binlog";
import type { NodeDescription } from "@understudy/election";
import type { ClusterStore } from "../cluster/cluster-store.ts";
import type { RoleServices } from "../node-services.ts";
import { brokenReason } from "./broken-reason.ts";
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
}

/** Members come and go seldom; whoever knows too few of them does not know whose writes it may lack. */
const MEMBERS_EVERY_MS = 5000;

/** How a slave stands in an election. */
export class SlaveStanding {
  readonly #of: SlaveStandingOptions;
  #dataEpoch: bigint;
  #knows: { readonly members: readonly string[]; readonly atMs: number } | null = null;
  #behindMs: number | null = null;
  #owes: GtidPosition | null = null;

  constructor(options: SlaveStandingOptions) {
    this.#of = options;
    this.#dataEpoch = options.membership.epoch;
  }

  /** It was new when it registered, and the master at `position`: until it has all of that its data is not the cluster's. */
  noteNew(position: GtidPosition): void {
    this.#owes = position;
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
    if (this.#owes && applier.position.contains(this.#owes)) this.#owes = null;
    const startsNewCluster = isNew && !isTorn && config.role === "master";
    if (this.#dataEpoch < membership.epoch) {
      this.#dataEpoch = (await store.read())?.epoch ?? 0n;
      this.#knows = null;
    }
    const knows = isNew ? [] : await this.#membersKnown();
    return {
      role: "slave",
      unfit: this.#unfitReason(),
      hasHistory: startsNewCluster || (!isNew && this.#owes === null && !isRefused()),
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
