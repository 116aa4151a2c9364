import type { HealthMonitor, Throughput } from "@understudy/health-monitor";
import type { ClusterView, CopyProgress, Member, MemberState } from "@understudy/protocol";
import type { SlaveView } from "@understudy/replication-queue";
import type { RoleServices } from "../node-services.ts";
import type { MemberRecord } from "./cluster-store.ts";

/** What a master knows of one member. */
export interface MemberFacts {
  readonly record: MemberRecord;
  readonly health: ReturnType<HealthMonitor["stateOf"]>;
  readonly slave: SlaveView | null;
  readonly throughput: Throughput | null;
  /** Null while no copy is on its way to it. */
  readonly copy: CopyProgress | null;
}

/** What {@link buildMasterView} shows. */
export interface MasterViewFacts {
  readonly services: RoleServices;
  readonly clusterId: string;
  readonly epoch: bigint;
  readonly positionText: string;
  readonly members: readonly MemberFacts[];
  readonly warnings: readonly string[];
}

/** The cluster as its master sees it. */
export function buildMasterView(facts: MasterViewFacts): ClusterView {
  const { identity, executor, clock } = facts.services;
  const self: Member = {
    nodeId: identity.nodeId,
    url: identity.advertisedUrl,
    role: "master",
    state: "up",
    reason: "this node",
    position: facts.positionText,
    lag: { transactions: 0, bytes: 0, ms: 0 },
    lastSeen: new Date(clock.nowMs()).toISOString(),
    version: identity.version,
    flavour: executor.server.flavour,
    serverVersion: executor.server.version,
    queue: null,
    throughput: null,
    copy: null,
  };
  return {
    clusterId: facts.clusterId,
    self: identity.nodeId,
    epoch: facts.epoch.toString(),
    leader: { nodeId: identity.nodeId, url: identity.advertisedUrl },
    election: facts.services.config.hasElections ? "etcd" : "static",
    members: [self, ...facts.members.map((member) => memberOf(member, facts))],
    warnings: [...facts.warnings],
  };
}

function memberOf({ record, health, slave, throughput, copy }: MemberFacts, facts: MasterViewFacts): Member {
  const acked = slave?.acked ?? null;
  const lastSeenMs = health?.lastSeenMs ?? facts.services.sightings.of(record.nodeId);
  return {
    nodeId: record.nodeId,
    url: record.url,
    role: "slave",
    ...(copy ? copyState(copy) : judge(health, slave)),
    position: acked === null ? null : `${facts.epoch}:${acked.toString()}`,
    lag: slave?.lag ?? { transactions: null, bytes: null, ms: null },
    lastSeen: lastSeenMs === null ? null : new Date(lastSeenMs).toISOString(),
    version: record.version,
    flavour: facts.services.executor.server.flavour,
    serverVersion: record.serverVersion,
    queue: slave?.queue ?? null,
    throughput,
    copy,
  };
}

function copyState(copy: CopyProgress): { state: MemberState; reason: string } {
  const share = copy.bytesTotal > 0 ? Math.min(100, Math.round((100 * copy.bytesDone) / copy.bytesTotal)) : 0;
  return { state: "joining", reason: `it gets a fresh copy of the data: about ${share} %` };
}

/** A member answers or not; where it answers, replication decides. */
function judge(
  health: MemberFacts["health"],
  slave: SlaveView | null,
): { state: MemberState; reason: string } {
  if (health && health.state !== "up") return { state: health.state, reason: health.reason };
  if (slave?.stopped) {
    const state = slave.stopped.code === "apply-failed" ? "broken" : "joining";
    return { state, reason: slave.stopped.message };
  }
  if (!slave) return { state: "joining", reason: "it has not registered since this master leads" };
  if (!slave.acked) {
    return { state: "joining", reason: slave.queue.lastError ?? "it has not told its position yet" };
  }
  if (slave.queue.mode === "paused") return { state: "up", reason: "replication to it is paused" };
  if (slave.queue.lastError !== null) return { state: "suspect", reason: slave.queue.lastError };
  return { state: "up", reason: health?.reason ?? "it acks what it is sent" };
}
