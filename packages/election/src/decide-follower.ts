import { KEYS } from "./cluster-keys.ts";
import { highestEpoch, memberKey, type ClusterState, type Leader } from "./cluster-state.ts";
import type { StoreCondition } from "./coordination-store.ts";
import { planPromotion } from "./promotion-plan.ts";

/** What a node that does not lead goes by. */
export interface FollowerFacts {
  readonly state: ClusterState;
  readonly nodeId: string;
  /** Its own lease; null while it has none, so that it can't take anything. */
  readonly leaseId: string | null;
  /** False where the lease may be over in the store already: a term that rests on it would end as it begins. */
  readonly isLeaseSure: boolean;
  /** It could not begin to lead a short while ago, so others come first. */
  readonly isPaused: boolean;
  /** False until it has been told in this life to take what a leader sends: what it closed to in an earlier life may still hold. */
  readonly isOpen: boolean;
  /** The last epoch in which it was told to lead; null where it was not in this life. */
  readonly led: bigint | null;
  /** The epoch up to which it takes nothing; null while it takes. */
  readonly closed: bigint | null;
  /** For how long it has been closed, in ms. */
  readonly closedForMs: number;
  /** The leader's address refuses its connections, and its deliveries have broken. */
  readonly isRefused: boolean;
  readonly maxLagMs: number;
  /** How long one waits for those who should come first, in ms. */
  readonly roundMs: number;
}

/** What it does next; each with the sentence that says so. */
export type FollowerAction =
  | { readonly kind: "follow"; readonly leader: Leader; readonly because: string }
  /** Says in the store that it takes again, and then does. */
  | { readonly kind: "reopen"; readonly leader: Leader; readonly because: string }
  /** Takes nothing any more from masters up to this epoch, finishes what it has, and says so in the store. */
  | {
      readonly kind: "close";
      readonly epoch: bigint;
      /** The epoch whose master refuses it; null where that is not why. */ readonly refused: bigint | null;
      readonly because: string;
    }
  /** The lead is its own already, handed over or taken by a change whose answer was lost. */
  | { readonly kind: "lead"; readonly epoch: bigint; readonly because: string }
  /** The lead stands under its name, from an earlier life. */
  | { readonly kind: "drop"; readonly because: string }
  | {
      readonly kind: "take";
      readonly epoch: bigint;
      readonly conditions: readonly StoreCondition[];
      readonly because: string;
    }
  | { readonly kind: "wait"; readonly because: string };

const UNSURE = "its lease was not renewed in time, and may be over";

/** Pure, so that every case can be tried: what a node that does not lead does next. */
export function decideFollower(facts: FollowerFacts): FollowerAction {
  const { state, nodeId, leaseId, led } = facts;
  const { leader } = state;
  if (leader?.nodeId === nodeId) {
    // never twice in one epoch: a change that the first time sent and gave up may still happen behind the back of the second
    const isNew = led === null || led < leader.epoch;
    if (isNew && leaseId !== null && leader.leaseId === leaseId) {
      if (!facts.isLeaseSure) return { kind: "wait", because: `the lead is its own, but ${UNSURE}` };
      return {
        kind: "lead",
        epoch: leader.epoch,
        because: "the lead stands under this node's name and lease",
      };
    }
    return { kind: "drop", because: "the lead still stands under this node's name, from before it ended" };
  }
  return leader ? decideUnder(leader, facts) : decideWithout(facts);
}

function decideUnder(leader: Leader, facts: FollowerFacts): FollowerAction {
  const { state, closed, isOpen, isRefused, leaseId } = facts;
  const isClosed = closed !== null && closed >= leader.epoch;
  const witnesses = witnessesOf(leader, state);
  if (!isRefused || witnesses.length === 0) {
    if ((isClosed || !isOpen) && leaseId === null) {
      return { kind: "wait", because: "this node has no lease yet, so it can't say that it takes again" };
    }
    if (!isOpen)
      return { kind: "reopen", leader, because: `${leader.nodeId} leads in epoch ${leader.epoch}` };
    if (isClosed)
      return { kind: "reopen", leader, because: `${leader.nodeId} leads and can be reached again` };
    return { kind: "follow", leader, because: `${leader.nodeId} leads in epoch ${leader.epoch}` };
  }
  const epoch = highestEpoch(state);
  if (closed === null || closed < epoch || state.members.get(facts.nodeId)?.refused !== leader.epoch) {
    return {
      kind: "close",
      epoch,
      refused: leader.epoch,
      because: `${leader.nodeId} refuses connections at ${leader.url}`,
    };
  }
  const doubting = witnesses.filter((nodeId) => state.members.get(nodeId)?.refused !== leader.epoch);
  if (doubting.length > 0) {
    return {
      kind: "wait",
      because: `${leader.nodeId} refuses this node, but ${doubting.join(", ")} does not say the same`,
    };
  }
  return tryToTake(facts, `${leader.nodeId} refuses every slave in sync`);
}

/**
 * Whose word counts on whether a leader is still there: those in sync with it in its own epoch, as far as they are there themselves. One
 * whom nobody has followed yet may be there and only cut off from all of them, as they may be from each other: were its place taken for
 * that, the lead would go to and fro between nodes that can serve nobody, each time with an epoch that only one of them has.
 */
function witnessesOf(leader: Leader, { sync, members }: ClusterState): readonly string[] {
  if (!sync || sync.leader !== leader.nodeId || sync.epoch !== leader.epoch) return [];
  return sync.members.filter((nodeId) => nodeId !== leader.nodeId && members.has(nodeId));
}

function decideWithout(facts: FollowerFacts): FollowerAction {
  const { state, closed, nodeId } = facts;
  const published = state.members.get(nodeId)?.closed ?? null;
  const epoch = highestEpoch(state);
  const isClosed = closed !== null && closed >= epoch && published !== null && published >= epoch;
  if (!isClosed) {
    return { kind: "close", epoch, refused: null, because: "nobody leads" };
  }
  return tryToTake(facts, "nobody leads");
}

function tryToTake(facts: FollowerFacts, why: string): FollowerAction {
  const { state, nodeId, leaseId, closedForMs, roundMs } = facts;
  const plan = planPromotion({ state, maxLagMs: facts.maxLagMs, isBinding: true });
  const wait = (because: string): FollowerAction => ({ kind: "wait", because: `${why}; ${because}` });
  if (leaseId === null) return wait("this node has no lease yet");
  if (plan.blocked.length > 0) return wait(`nobody may: ${plan.blocked.join("; ")}`);
  const place = plan.order.indexOf(nodeId);
  if (place < 0) {
    const own = plan.candidates.find((candidate) => candidate.nodeId === nodeId);
    return wait(`${plan.winner} may, this node not: ${own?.reason ?? "it has no data of the cluster"}`);
  }
  if (!facts.isLeaseSure) return wait(UNSURE);
  if (facts.isPaused) return wait("it could not begin to lead, so it lets others try first");
  if (plan.open.length > 0 && closedForMs < roundMs) {
    return wait(`${plan.open.join(", ")} may still get transactions`);
  }
  if (closedForMs < place * roundMs) return wait(`${plan.winner} comes first`);
  return {
    kind: "take",
    epoch: nextEpoch(state),
    conditions: conditionsOf(state, plan.relied),
    because: `${why}; this node has all that is needed: ${plan.evidence}`,
  };
}

/** What it does, as one sentence for people. */
export function sentenceOf(action: FollowerAction): string {
  switch (action.kind) {
    case "follow":
      return `follows: ${action.because}`;
    case "reopen":
      return `follows again: ${action.because}`;
    case "close":
      return `takes nothing from epoch ${action.epoch} any more: ${action.because}`;
    case "lead":
      return `begins to lead in epoch ${action.epoch}: ${action.because}`;
    case "drop":
      return `gives the lead back: ${action.because}`;
    case "take":
      return `takes the lead in epoch ${action.epoch}: ${action.because}`;
    case "wait":
      return `waits: ${action.because}`;
    default:
      return action satisfies never;
  }
}

/** Never below what any node's data has seen, should the store have lost its own. */
export function nextEpoch(state: ClusterState): bigint {
  return highestEpoch(state) + 1n;
}

/** All that a decision rests on: if any of it has changed meanwhile, nothing happens. */
export function conditionsOf(state: ClusterState, relied: readonly string[]): StoreCondition[] {
  const keys = [KEYS.leader, KEYS.epoch, KEYS.sync, ...relied.map(memberKey)];
  return keys.map((key) => ({ key, modRevision: state.revisionOf(key) }));
}
