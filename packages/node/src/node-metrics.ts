import type { Role } from "./roles/role.ts";

/** A number that is read when the metrics are asked for. */
export interface NodeMetric {
  /** `total` only grows, but starts over with the role, which Prometheus takes for a restart. */
  readonly kind: "value" | "total";
  /** By Prometheus' conventions: base units, totals end in `_total`. */
  readonly name: string;
  readonly help: string;
  /** Null where it has no meaning: in the other role, or while it can't be known. */
  readonly read: (role: Role) => number | null;
}

/** What a node tells of itself beside its HTTP requests and its process. */
export const NODE_METRICS: readonly NodeMetric[] = [
  {
    kind: "value",
    name: "understudy_is_master",
    help: "1 on the master, 0 on a slave.",
    read: (role) => Number(role.kind === "master"),
  },
  {
    kind: "value",
    name: "understudy_epoch",
    help: "Epoch that this node knows.",
    read: (role) => Number(role.epoch),
  },
  {
    kind: "value",
    name: "understudy_healthy",
    help: "1 where this node can do what its role asks.",
    read: (role) => Number(role.problem() === null),
  },
  {
    kind: "value",
    name: "understudy_lag_seconds",
    help: "How far this node is behind the master.",
    read: (role) => {
      const lagMs = role.lagMs();
      return lagMs === null ? null : lagMs / 1000;
    },
  },
  {
    kind: "total",
    name: "understudy_applied_transactions_total",
    help: "Transactions applied on this slave.",
    read: (role) => (role.kind === "slave" ? role.applier.stats.transactions : null),
  },
  {
    kind: "total",
    name: "understudy_applied_bytes_total",
    help: "Bytes of binlog applied on this slave.",
    read: (role) => (role.kind === "slave" ? role.applier.stats.bytes : null),
  },
  {
    kind: "value",
    name: "understudy_window_transactions",
    help: "Transactions in the master's replication window.",
    read: (role) => (role.kind === "master" ? role.queue.held.transactions : null),
  },
  {
    kind: "value",
    name: "understudy_window_bytes",
    help: "Bytes in the master's replication window.",
    read: (role) => (role.kind === "master" ? role.queue.held.bytes : null),
  },
  {
    kind: "value",
    name: "understudy_open_transactions",
    help: "Interactive transactions that are open on the master.",
    read: (role) => (role.kind === "master" ? role.transactions.openCount : null),
  },
  {
    kind: "total",
    name: "understudy_binlog_read_transactions_total",
    help: "Transactions read from the master's binlog.",
    read: (role) => (role.kind === "master" ? role.queue.transactionsRead : null),
  },
  {
    kind: "total",
    name: "understudy_binlog_read_bytes_total",
    help: "Bytes read from the master's binlog.",
    read: (role) => (role.kind === "master" ? role.queue.bytesRead : null),
  },
];
