import type { NodeHealth, Throughput } from "@understudy/health-monitor";
import type { ClusterView, Lag, Member, MemberState } from "@understudy/protocol";
import { ownWarnings, type RoleServices } from "../node-services.ts";
import type { KnownLeader } from "../roles/leader-link.ts";
import type { Membership } from "../roles/membership.ts";

/** What {@link buildSlaveView} shows. */
export interface SlaveViewFacts {
  readonly services: RoleServices;
  readonly membership: Membership;
  /** Null while nobody leads. */
  readonly leader: KnownLeader | null;
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
  const { services, membership, leader, masterMembers: told } = facts;
  const { nodeId } = services.identity;
  const self = selfOf(
    facts,
    told.find((member) => member.nodeId === nodeId),
  );
  const others = told.filter((member) => member.nodeId !== nodeId);
  const leaderId = leader && (leader.nodeId ?? membership.leader ?? masterAmong(told));
  const members = others
    .map((member): Member => ({ ...member, role: member.nodeId === leaderId ? "master" : "slave" }))
    .map((member) => (member.role === "master" ? masterOf(member, facts) : member));
  return {
    clusterId: membership.clusterId ?? "",
    self: nodeId,
    epoch: membership.epoch.toString(),
    leader: leader && leaderId !== null ? { nodeId: leaderId, url: leader.url } : null,
    election: services.config.hasElections ? "etcd" : "static",
    members: [...members, self].toSorted(byRoleThenName),
    warnings: warningsOf(facts),
  };
}

function masterAmong(members: readonly Member[]): string | null {
  return members.find(({ role }) => role === "master")?.nodeId ?? null;
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
    copy: null,
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

function warningsOf({ services, leader, masterWarnings, masterHealth }: SlaveViewFacts): string[] {
  const warnings = ownWarnings(services);
  if (!leader)
    return [...warnings, "no node leads at the moment, as far as this one knows: writes wait or are refused"];
  if (masterHealth && masterHealth.state !== "up") {
    warnings.push(`the master is ${masterHealth.state}: ${masterHealth.reason}`);
    return warnings;
  }
  return [...masterWarnings, ...warnings];
}
