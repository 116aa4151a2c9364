import { MEMBER_STATES, type ClusterView } from "@understudy/protocol";
import type { NodeRuntime, RunningNode } from "../node-runtime.ts";
import type { MasterRole } from "../roles/master-role.ts";
import type { Role } from "../roles/role.ts";
import type { NodeMetrics } from "./node-metrics.ts";

/** Reads what the node's role and its cluster are like now. */
export function readRole(metrics: NodeMetrics, runtime: Pick<NodeRuntime, "services" | "current">): void {
  const { services } = runtime;
  const running = runtime.current();
  const server = running?.executor.server;
  metrics.set(
    "understudy_build_info",
    {
      version: services.identity.version,
      node_id: services.identity.nodeId,
      flavour: server?.flavour ?? "",
      server_version: server?.version ?? "",
    },
    1,
  );
  metrics.set("understudy_healthy", {}, Number(running?.role.problem() === null));
  if (!running) return;
  readPools(metrics, running);
  readBoth(metrics, running.role);
  readView(metrics, running.role.view());
  if (running.role.kind === "slave") {
    const { transactions, bytes } = running.role.applier.stats;
    metrics.setTotal("understudy_applied_transactions_total", {}, transactions);
    metrics.setTotal("understudy_applied_bytes_total", {}, bytes);
  } else readMaster(metrics, running.role, services.config.windowBytesMax);
}

function readPools(metrics: NodeMetrics, { executor }: RunningNode): void {
  for (const [pool, { inUse, idle, waiting, max }] of Object.entries(executor.poolUse())) {
    metrics.set("understudy_pool_connections_in_use", { pool }, inUse);
    metrics.set("understudy_pool_connections_idle", { pool }, idle);
    metrics.set("understudy_pool_connections_max", { pool }, max);
    metrics.set("understudy_pool_waiting", { pool }, waiting);
  }
}

function readBoth(metrics: NodeMetrics, role: Role): void {
  const lagMs = role.lagMs();
  metrics.set("understudy_is_master", {}, Number(role.kind === "master"));
  metrics.set("understudy_epoch", {}, Number(role.epoch));
  metrics.set("understudy_lag_seconds", {}, seconds(lagMs));
}

function readView(metrics: NodeMetrics, { leader, members, warnings }: ClusterView): void {
  metrics.set("understudy_has_leader", {}, Number(leader !== null));
  metrics.set("understudy_warnings", {}, warnings.length);
  for (const state of MEMBER_STATES) {
    const count = members.filter((member) => member.state === state).length;
    metrics.set("understudy_members", { state }, count);
  }
}

function readMaster(metrics: NodeMetrics, role: MasterRole, windowBytesMax: number): void {
  const { queue } = role;
  metrics.set("understudy_open_transactions", {}, role.transactions.openCount);
  metrics.set("understudy_window_transactions", {}, queue.held.transactions);
  metrics.set("understudy_window_bytes", {}, queue.held.bytes);
  metrics.set("understudy_window_limit_bytes", {}, windowBytesMax);
  metrics.setTotal("understudy_binlog_read_transactions_total", {}, queue.transactionsRead);
  metrics.setTotal("understudy_binlog_read_bytes_total", {}, queue.bytesRead);
  for (const { record, slave, copy } of role.members.facts()) {
    const member = record.nodeId;
    if (copy) {
      metrics.set("understudy_copy_done_bytes", { member }, copy.bytesDone);
      metrics.set("understudy_copy_expected_bytes", { member }, copy.bytesTotal);
    }
    if (!slave) continue;
    metrics.set("understudy_member_lag_seconds", { member }, seconds(slave.lag.ms));
    metrics.set("understudy_member_lag_transactions", { member }, slave.lag.transactions);
    metrics.set("understudy_member_lag_bytes", { member }, slave.lag.bytes);
    metrics.set("understudy_member_deliveries_in_flight", { member }, slave.queue.deliveriesInFlight);
  }
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
