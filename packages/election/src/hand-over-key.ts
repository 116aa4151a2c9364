import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { KEYS } from "./cluster-keys.ts";
import { readClusterState, type ClusterState } from "./cluster-state.ts";
import type { CoordinationStore } from "./coordination-store.ts";
import { conditionsOf } from "./decide-follower.ts";
import type { Term } from "./term.ts";

/** What {@link handOverKey} needs. */
export interface KeyHandOver {
  /** Who is to lead. */
  readonly nodeId: string;
  readonly store: Pick<CoordinationStore, "change" | "read">;
  /** As it was just read: the lead is the term's. */
  readonly state: ClusterState;
  readonly term: Pick<Term, "epoch" | "claimAgain">;
  readonly signal: AbortSignal;
}

/** What a hand-over goes by. Throws `promotion-blocked` where the store does not tell: nothing has been changed then, and the lead stays. */
export async function readForHandOver(
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

/**
 * Puts the lead under another member's name, with the next epoch. Resolves when it is there. Throws `promotion-blocked` where it surely
 * is not and never will be, `coordination-unavailable` where it is not known: nothing may be confirmed in this term any more then.
 */
export async function handOverKey({ nodeId, store, state, term, signal }: KeyHandOver): Promise<void> {
  const target = state.members.get(nodeId);
  if (!target?.leaseId || target.unfit !== null || !target.hasHistory) {
    const why =
      target?.unfit ?? (target?.leaseId ? "it has no data" : "it has not told etcd that it is there");
    throw new UnderstudyError("promotion-blocked", `${nodeId} can't take the lead: ${why}`);
  }
  const epoch = (term.epoch + 1n).toString();
  const value = JSON.stringify({ nodeId, url: target.url, epoch });
  const writes = [
    { kind: "put", key: KEYS.leader, value, leaseId: target.leaseId },
    { kind: "put", key: KEYS.epoch, value: epoch },
  ] as const;
  try {
    const { made } = await store.change({ conditions: conditionsOf(state, []), writes }, { signal });
    if (made) return;
  } catch {
    // the answer is lost, and the change may even come later: only a newer leader's key shuts it out
    if (await term.claimAgain(state, signal)) {
      throw new UnderstudyError("promotion-blocked", "etcd did not answer in time, so the lead stays here");
    }
    const { leader } = readClusterState(await store.read({ signal }));
    if (leader?.nodeId === nodeId) return;
    throw new UnderstudyError(
      "coordination-unavailable",
      "etcd did not tell whether the lead was handed over",
    );
  }
  throw new UnderstudyError("promotion-blocked", "the cluster has changed meanwhile; try again");
}
