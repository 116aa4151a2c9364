import type { Transaction } from "./sim-database.ts";

/** What a node remembers over restarts, besides its database. */
export interface NodeDisk {
  /** It takes nothing from masters up to this epoch. */
  closedEpoch: bigint;
  /** The highest epoch that it has obeyed. */
  seenEpoch: bigint;
  /** How much of its master's history it must have before its data is the cluster's; null where it is. */
  mustReach: number | null;
  /** Its data is of a cluster, or it was started as the master of a new one. */
  hasJoined: boolean;
  readonly startsNewCluster: boolean;
  /** Transactions that lost, kept for people. */
  readonly quarantine: Transaction[];
}
