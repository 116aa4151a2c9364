import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { KEYS } from "./cluster-keys.ts";
import { readClusterState, type ClusterState, type Leader, type SyncSet } from "./cluster-state.ts";
import type { CoordinationStore, StoreChange, StoreWrite } from "./coordination-store.ts";
import { conditionsOf } from "./decide-follower.ts";
import { formatSync } from "./sync-agreement.ts";
import type { Term } from "./term.ts";

/** What {@link handOverKey} needs. */
export interface KeyHandOver {
  /** Whose lead it is now. */
  readonly from: string;
  /** Who is to lead. */
  readonly to: string;
  readonly store: Pick<CoordinationStore, "change" | "read">;
  readonly term: Pick<Term, "epoch" | "claimAgain">;
  readonly signal: AbortSignal;
}

/** From whom to whom, in the epoch that ends by it. */
interface Hands {
  readonly from: string;
  readonly to: string;
  readonly epoch: bigint;
}

/**
 * By whose acks the next master confirms writes from its first moment; null where that can't be told. Each write that is confirmed by now
 * was acked by so many of those in sync, and is in the database of the master that hands over. So among these with that master in the
 * place of the next one as many have it: all that the next election relies on, before anybody has followed the next master.
 */
export function syncAfterHandOver(sync: SyncSet | null, { from, to, epoch }: Hands): SyncSet | null {
  if (!sync || sync.leader !== from || sync.epoch !== epoch) return null;
  const others = sync.members.filter((nodeId) => nodeId !== to);
  return { leader: to, epoch: epoch + 1n, members: [...others, from].toSorted(), acks: sync.acks };
}

/**
 * Puts the lead under another member's name, with the next epoch. Resolves with it when it is there. Throws `promotion-blocked` where it surely
 * is not and never will be, `no-leader` where the lead is not the term's any more, `coordination-unavailable` where it is not known: nothing
 * may be confirmed in this term any more then.
 */
export async function handOverKey(handOver: KeyHandOver): Promise<Leader> {
  const { from, term, store, signal } = handOver;
  // a store that is away shows by this, before anything is left open
  const state = await readForHandOver(store, signal);
  if (state.leader?.nodeId !== from || state.epoch !== term.epoch)
    throw new UnderstudyError("no-leader", "this node does not lead any more");
  const leader = await tryHandOver(state, handOver);
  if (leader) return leader;
  throw new UnderstudyError("promotion-blocked", "the cluster has changed meanwhile; try again");
}

/** What a hand-over goes by. Throws `promotion-blocked` where the store does not tell: nothing has been changed then, and the lead stays. */
async function readForHandOver(
  store: Pick<CoordinationStore, "read">,
  signal: AbortSignal,
): Promise<ClusterState> {
  try {
    return readClusterState(await store.read({ signal }));
  } catch (error) {
    signal.throwIfAborted();
    throw new UnderstudyError("promotion-blocked", `the lead stays here: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Null where the store is not as `state` says any more, so that nothing was done. Throws as {@link handOverKey}. */
async function tryHandOver(
  state: ClusterState,
  { from, to, store, term, signal }: KeyHandOver,
): Promise<Leader | null> {
  const { change, next } = changeOf(state, { from, to, epoch: term.epoch });
  try {
    return (await store.change(change, { signal })).made ? next : null;
  } catch {
    // the answer is lost, and the change may even come later: only a newer leader's key shuts it out
    if (await term.claimAgain(state, signal)) {
      throw new UnderstudyError("promotion-blocked", "etcd did not answer in time, so the lead stays here");
    }
    const { leader } = readClusterState(await store.read({ signal }));
    if (leader?.nodeId === to) return leader;
    throw new UnderstudyError(
      "coordination-unavailable",
      "etcd did not tell whether the lead was handed over",
    );
  }
}

/** Throws `promotion-blocked` where the other can't lead. */
function changeOf(
  state: ClusterState,
  hands: Hands,
): { readonly change: StoreChange; readonly next: Leader } {
  const { to, epoch } = hands;
  const target = state.members.get(to);
  if (!target?.leaseId || target.unfit !== null || !target.hasHistory) {
    const why =
      target?.unfit ?? (target?.leaseId ? "it has no data" : "it has not told etcd that it is there");
    throw new UnderstudyError("promotion-blocked", `${to} can't take the lead: ${why}`);
  }
  const { url, leaseId } = target;
  const next: Leader = { nodeId: to, url, epoch: epoch + 1n, leaseId };
  const value = JSON.stringify({ nodeId: to, url, epoch: next.epoch.toString() });
  const writes: StoreWrite[] = [
    { kind: "put", key: KEYS.leader, value, leaseId },
    { kind: "put", key: KEYS.epoch, value: next.epoch.toString() },
  ];
  const sync = syncAfterHandOver(state.sync, hands);
  if (sync) writes.push({ kind: "put", key: KEYS.sync, value: formatSync(sync) });
  return { change: { conditions: conditionsOf(state, []), writes }, next };
}
