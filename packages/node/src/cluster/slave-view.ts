import type { NodeHealth, Throughput } from "@understudy/health-monitor";
import type { ClusterView, Lag, Member, MemberState } from "@understudy/protocol";
import { ownWarnings, type RoleServices } from "../node-services.ts";
import type { Membership } from "../roles/membership.ts";

/** What {@link buildSlaveView} shows. */
export interface SlaveViewFacts {
  readonly services: RoleServices;
  readonly membership: Membership;
  /** The members as the master told them last. */
  readonly masterMembers: readonly Member[];
  readonly masterWarnings: readonly string[];
  readonly masterHealth: NodeHealth | null;
  readonly positionText: string;
  readonly lagMs: number | null;
  readonly broken: string | null;
  /** Why the master delivers nothing. */
  readonly problem: string | null;
  /** Its data is not the cluster's, or not yet. */
  readonly isOutside: boolean;
  readonly throughput: Throughput;
}

/** The cluster as a slave sees it: itself and the master at first hand, the others as the master told last. */
export function buildSlaveView(facts: SlaveViewFacts): ClusterView {
  const { services, membership, masterMembers: told } = facts;
  const { nodeId } = services.identity;
  const self = selfOf(
    facts,
    told.find((member) => member.nodeId === nodeId),
  );
  const others = told.filter((member) => member.nodeId !== nodeId);
  const members = others.map((member) => (member.role === "master" ? masterOf(member, facts) : member));
  const leaderId = membership.leader.nodeId ?? told.find(({ role }) => role === "master")?.nodeId ?? null;
  return {
    clusterId: membership.clusterId ?? "",
    self: nodeId,
    epoch: membership.epoch.toString(),
    leader: leaderId === null ? null : { nodeId: leaderId, url: membership.leader.url },
    election: "static",
    members: [...members, self].toSorted(byRoleThenName),
    warnings: warningsOf(facts),
  };
}

function byRoleThenName(a: Member, b: Member): number {
  if (a.role !== b.role) return a.role === "master" ? -1 : 1;
  return a.nodeId.localeCompare(b.nodeId);
}

function masterOf(member: Member, { masterHealth }: SlaveViewFacts): Member {
  if (!masterHealth) return member;
  const { state, reason, lastSeenMs } = masterHealth;
  const lastSeen = lastSeenMs === null ? null : new Date(lastSeenMs).toISOString();
  return { ...member, state, reason, lastSeen };
}

function selfOf(facts: SlaveViewFacts, told: Member | undefined): Member {
  const { services, positionText, lagMs, throughput } = facts;
  const { identity, executor, clock } = services;
  return {
    nodeId: identity.nodeId,
    url: identity.advertisedUrl,
    role: "slave",
    ...judgeSelf(facts),
    position: positionText,
    lag: lagOf(lagMs, told),
    lastSeen: new Date(clock.nowMs()).toISOString(),
    version: identity.version,
    flavour: executor.server.flavour,
    serverVersion: executor.server.version,
    queue: told?.queue ?? null,
    throughput,
  };
}

/** Its own milliseconds, and the master's count of what is missing; nothing is missing where it is not behind. */
function lagOf(lagMs: number | null, told: Member | undefined): Lag {
  if (lagMs === 0) return { transactions: 0, bytes: 0, ms: 0 };
  return { transactions: told?.lag.transactions ?? null, bytes: told?.lag.bytes ?? null, ms: lagMs };
}

function judgeSelf({ broken, problem, isOutside }: SlaveViewFacts): { state: MemberState; reason: string } {
  if (broken !== null) return { state: "broken", reason: broken };
  if (isOutside) return { state: "joining", reason: problem ?? "it waits for its first delivery" };
  return { state: "up", reason: problem ?? "this node" };
}

function warningsOf({ services, masterWarnings, masterHealth }: SlaveViewFacts): string[] {
  const warnings = ownWarnings(services);
  if (masterHealth && masterHealth.state !== "up") {
    warnings.push(`the master is ${masterHealth.state}: ${masterHealth.reason}`);
    return warnings;
  }
  return [...masterWarnings, ...warnings];
}
