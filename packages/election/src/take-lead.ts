import { KEYS } from "./cluster-keys.ts";
import type { CoordinationStore, StoreCondition } from "./coordination-store.ts";

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
  const { store, nodeId, url, leaseId, epoch, conditions } = take;
  if (leaseId === null) return null;
  const value = JSON.stringify({ nodeId, url, epoch: epoch.toString() });
  const { made, revision } = await store.change(
    {
      conditions,
      writes: [
        { kind: "put", key: KEYS.leader, value, leaseId },
        { kind: "put", key: KEYS.epoch, value: epoch.toString() },
      ],
    },
    { signal },
  );
  return made ? { epoch, leaseId, leaderRevision: revision } : null;
}
