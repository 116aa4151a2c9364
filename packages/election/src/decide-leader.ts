import type { ClusterState, SyncSet } from "./cluster-state.ts";

/** What a node that leads goes by. */
export interface LeaderFacts {
  readonly state: ClusterState;
  readonly nodeId: string;
  readonly leaseId: string | null;
  /** The epoch that it leads in. */
  readonly epoch: bigint;
}

/** What it does next; each with the sentence that says so. */
export type LeaderAction =
  | { readonly kind: "go-on"; readonly because: string }
  /** Its key went with a lost lease, but nobody else has led since: it puts it again, under the same epoch. */
  | { readonly kind: "reclaim"; readonly because: string }
  | { readonly kind: "step-down"; readonly because: string };

/** Pure: what a node that leads does next. */
export function decideLeader({ state, nodeId, leaseId, epoch }: LeaderFacts): LeaderAction {
  const { leader } = state;
  if (state.epoch !== epoch) {
    const who = leader ? leader.nodeId : "another node";
    return { kind: "step-down", because: `${who} was given epoch ${state.epoch}` };
  }
  if (leader && leader.nodeId !== nodeId) {
    return { kind: "step-down", because: `the lead stands under the name of ${leader.nodeId}` };
  }
  if (leaseId === null) return { kind: "go-on", because: "it waits for a new lease" };
  if (leader?.leaseId === leaseId) return { kind: "go-on", because: `this node leads in epoch ${epoch}` };
  return { kind: "reclaim", because: "this node's lease was lost, and nobody has led since" };
}

/** What the master knows of its slaves when it settles which are in sync. */
export interface SyncFacts {
  readonly nodeId: string;
  readonly epoch: bigint;
  /** As the store has it. */
  readonly stored: SyncSet | null;
  /** All slaves that the cluster knows, up or down. */
  readonly slaves: readonly string[];
  /** Those that answer and take what is delivered, without being far behind. */
  readonly following: readonly string[];
  /** How many acks confirm a write by default, among so many slaves as are known. */
  readonly acks: number;
}

/**
 * Which slaves should be in sync; null where the store says so already. Never fewer than the acks that confirm a write: while so
 * few follow, nothing can be confirmed anyway, and those that were in sync may still have what was.
 */
export function decideSync(facts: SyncFacts): SyncSet | null {
  const { nodeId, epoch, stored, slaves, following, acks } = facts;
  const isOwn = stored !== null && stored.epoch === epoch && stored.leader === nodeId;
  const wanted = following.filter((id) => slaves.includes(id)).toSorted();
  if (wanted.length < acks) return null;
  if (isOwn && stored.acks === acks && wanted.join() === stored.members.join()) return null;
  return { leader: nodeId, epoch, members: wanted, acks };
}
