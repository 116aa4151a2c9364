import type { ClusterView } from "@understudy/protocol";
import type { MasterRole } from "./master-role.ts";
import type { SlaveRole } from "./slave-role.ts";

/** What a node does now; lives from the role's begin to its end. */
export type Role = MasterRole | SlaveRole;

/** What both roles tell. */
export interface RoleFacts {
  readonly clusterId: string;
  readonly epoch: bigint;
  /** `<epoch>:<gtid>`: everything up to here is in this node's database, without asking it. */
  positionText(): string;
  /** How far behind the master; null where that can't be known. */
  lagMs(): number | null;
  /** The cluster as this node sees it. */
  view(): ClusterView;
  /** What is wrong with it, for people; null while all is well. */
  problem(): string | null;
  /** Why reads should not come here; null while its data is whole, be it old. */
  unreadable(): string | null;
}
