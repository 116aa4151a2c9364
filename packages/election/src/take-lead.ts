import { KEYS } from "./cluster-keys.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { CoordinationStore, StoreCondition, StoreWrite } from "./coordination-store.ts";
import { STORE_FORMAT } from "./store-format.ts";

/** By what a node leads. */
export interface Claim {
  readonly epoch: bigint;
  readonly leaseId: string;
  /** Of the leader's key. */
  readonly leaderRevision: bigint;
}

/** What {@link takeLead} needs. */
export interface LeadTake {
  readonly store: Pick<CoordinationStore, "change">;
  /** As it was read when this was decided. */
  readonly state: Pick<ClusterState, "format" | "revisionOf">;
  readonly nodeId: string;
  readonly url: string;
  /** Null where it has none, so that it can take nothing. */
  readonly leaseId: string | null;
  readonly epoch: bigint;
  /** All that the decision rests on. */
  readonly conditions: readonly StoreCondition[];
}

/**
 * Puts the lead and its epoch under this node's name; null where something has changed since it was decided, so that nothing was done.
 * Throws `coordination-unavailable`; it may be done then, or come later.
 */
export async function takeLead(take: LeadTake, signal: AbortSignal): Promise<Claim | null> {
  const { store, state, nodeId, url, leaseId, epoch } = take;
  if (leaseId === null) return null;
  const value = JSON.stringify({ nodeId, url, epoch: epoch.toString() });
  const writes: StoreWrite[] = [
    { kind: "put", key: KEYS.leader, value, leaseId },
    { kind: "put", key: KEYS.epoch, value: epoch.toString() },
  ];
  if (state.format < STORE_FORMAT) {
    writes.push({ kind: "put", key: KEYS.format, value: STORE_FORMAT.toString() });
  }
  const isFormat = { key: KEYS.format, modRevision: state.revisionOf(KEYS.format) };
  const { made, revision } = await store.change(
    { conditions: [...take.conditions, isFormat], writes },
    { signal },
  );
  return made ? { epoch, leaseId, leaderRevision: revision } : null;
}
