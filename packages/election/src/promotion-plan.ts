import { highestEpoch, type ClusterState, type PresentMember } from "./cluster-state.ts";

/** What a plan is made from. */
export interface PlanFacts {
  readonly state: ClusterState;
  /** How far a node may have been behind to lead where writes are confirmed without acks, in ms; 0 lets none lead that was behind. */
  readonly maxLagMs: number;
  /** True: only what a member has closed counts. False: as if all that are there had closed, to tell what would be. */
  readonly isBinding: boolean;
}

/** One node's prospects. */
export interface Candidate {
  readonly nodeId: string;
  readonly isFit: boolean;
  /** Why it can or can't lead, in one sentence. */
  readonly reason: string;
}

/** Who would lead next, by what evidence, and what stands against it. */
export interface PromotionPlan {
  /** Null where nobody may. */
  readonly winner: string | null;
  /** Those who may, in the order in which they try. */
  readonly order: readonly string[];
  readonly candidates: readonly Candidate[];
  /** Why nobody may, each in one sentence. */
  readonly blocked: readonly string[];
  /** By what it is known that no confirmed write is missing, in one sentence. */
  readonly evidence: string;
  /** Members whose closed position the plan rests on. */
  readonly relied: readonly string[];
  /** Members with data that have not closed yet: what they have may still grow. */
  readonly open: readonly string[];
}

/**
 * Decides who may lead next. Safe whatever the clocks say: a write that was confirmed with `sync.acks` acks was acked by one
 * of any `members − acks + 1` members; these have closed before the plan is carried out, so they have acked nothing since, and
 * the winner has all that they have (rules 1 and 2 of SPEC.md).
 */
export function planPromotion(facts: PlanFacts): PromotionPlan {
  const { state, isBinding } = facts;
  // who leads still is the one to be replaced: handing over needs no plan
  const withData = [...state.members.values()].filter(
    ({ hasHistory, nodeId }) => hasHistory && nodeId !== state.leader?.nodeId,
  );
  const epoch = highestEpoch(state);
  const hasClosed = ({ closed }: PresentMember): boolean =>
    !isBinding || (closed !== null && closed >= epoch);
  const closed = withData.filter(hasClosed);
  const proof = proveNothingMissing(facts, closed);
  const candidates = withData.map((member) => judge(member, { facts, withData, hasClosed }));
  const order = candidates
    .filter(({ isFit }) => isFit)
    .map(({ nodeId }) => nodeId)
    .toSorted((a, b) => byPreference(state, a, b));
  const blocked = proof.problem === null ? [] : [proof.problem];
  if (withData.length === 0) blocked.push("no node with the cluster's data is there");
  else if (order.length === 0) blocked.push("no node that is there may lead");
  const isBlocked = blocked.length > 0;
  return {
    winner: isBlocked ? null : (order[0] ?? null),
    order: isBlocked ? [] : order,
    candidates,
    blocked,
    evidence: proof.evidence,
    relied: closed.map(({ nodeId }) => nodeId),
    open: withData.filter((member) => !hasClosed(member)).map(({ nodeId }) => nodeId),
  };
}

interface Proof {
  readonly problem: string | null;
  readonly evidence: string;
}

function proveNothingMissing(facts: PlanFacts, closed: readonly PresentMember[]): Proof {
  const { state } = facts;
  const { sync } = state;
  const isThere = (nodeId: string): boolean => closed.some((member) => member.nodeId === nodeId);
  if (!sync) return proveNewCluster(state, closed);
  const last = closed.find(({ nodeId }) => nodeId === sync.leader);
  if (last && last.dataEpoch >= sync.epoch) {
    return { problem: null, evidence: `the last master, ${sync.leader}, is among those that are there` };
  }
  if (sync.acks === 0) {
    return {
      problem: null,
      evidence: "writes are confirmed without acks, so none is promised to be elsewhere",
    };
  }
  const needed = sync.members.length - sync.acks + 1;
  const seen = sync.members.filter(isThere);
  const counts = `${seen.length} of the ${sync.members.length} slaves in sync are there (${listOf(seen)})`;
  if (seen.length >= needed) {
    return {
      problem: null,
      evidence: `${counts}; each confirmed write was acked by ${sync.acks}, so ${needed} of them have all`,
    };
  }
  const missing = sync.members.filter((nodeId) => !isThere(nodeId));
  return {
    problem: `${counts}, and ${needed} are needed to have every confirmed write; missing: ${listOf(missing)}, or the last master ${sync.leader}`,
    evidence: counts,
  };
}

/**
 * Nobody has led by this store yet: the cluster is new, was static, or the store has lost its data. Or somebody was given an epoch, but
 * went before it was agreed whose acks count; then nothing was confirmed in that epoch, since a master confirms nothing before that.
 * Whoever has the record of the epoch's beginning has all that came before it.
 */
function proveNewCluster(state: ClusterState, closed: readonly PresentMember[]): Proof {
  const { epoch } = state;
  const began = epoch > 0n ? closed.find(({ dataEpoch }) => dataEpoch === epoch) : undefined;
  if (began) {
    return {
      problem: null,
      evidence: `nothing was confirmed in epoch ${epoch}, and ${began.nodeId} has all that it began with`,
    };
  }
  const isNew = [...state.members.values()].every(({ dataEpoch }) => dataEpoch === 0n);
  if (isNew) return { problem: null, evidence: "the cluster is new: no node has led it before" };
  const known = new Set(closed.flatMap(({ knows, nodeId }) => [...knows, nodeId]));
  const missing = [...known].filter((nodeId) => !closed.some((member) => member.nodeId === nodeId));
  if (missing.length === 0) return { problem: null, evidence: "every member that the data names is there" };
  return {
    problem: `etcd does not say which slaves were in sync, so all members must be there to see who has every write; missing: ${listOf(missing)}`,
    evidence: "etcd knows of no earlier master",
  };
}

function judge(
  member: PresentMember,
  context: {
    readonly facts: PlanFacts;
    readonly withData: readonly PresentMember[];
    readonly hasClosed: (member: PresentMember) => boolean;
  },
): Candidate {
  const { facts, withData, hasClosed } = context;
  const { nodeId } = member;
  const no = (reason: string): Candidate => ({ nodeId, isFit: false, reason });
  if (member.unfit !== null) return no(member.unfit);
  if (!hasClosed(member)) return no("it still follows the last master");
  const ahead = withData.find((other) => other !== member && !hasAllOf(member, other));
  if (ahead) return no(`${ahead.nodeId} has transactions that it lacks`);
  const { sync } = facts.state;
  if (!sync && member.dataEpoch === 0n && !member.startsNewCluster) {
    return no("a new cluster begins with the node that was started as its master");
  }
  const isPromised = sync === null || sync.acks > 0 || nodeId === sync.leader;
  if (!isPromised && (member.behindMs === null || member.behindMs > facts.maxLagMs)) {
    const lag = member.behindMs === null ? "by an unknown time" : `by ${Math.round(member.behindMs)} ms`;
    return no(
      `it was behind ${lag} when it last heard from the master, and ${facts.maxLagMs} ms are allowed: what it lacks would be lost`,
    );
  }
  return { nodeId, isFit: true, reason: "it has all that the others have" };
}

/** Whether one history has all of another: first by epoch, since a later epoch's beginning has all that was confirmed before. */
export function hasAllOf(
  one: Pick<PresentMember, "dataEpoch" | "position">,
  other: Pick<PresentMember, "dataEpoch" | "position">,
): boolean {
  if (one.dataEpoch !== other.dataEpoch) return one.dataEpoch > other.dataEpoch;
  return one.position.contains(other.position);
}

function byPreference(state: ClusterState, a: string, b: string): number {
  const priorityOf = (nodeId: string): number => state.members.get(nodeId)?.priority ?? 0;
  return priorityOf(b) - priorityOf(a) || (a < b ? -1 : 1);
}

function listOf(nodeIds: readonly string[]): string {
  return nodeIds.length === 0 ? "none" : nodeIds.join(", ");
}
