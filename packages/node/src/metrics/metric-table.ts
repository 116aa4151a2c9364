/** One metric of a node. By Prometheus' conventions: base units, which end the name; totals end in `_total`. */
export interface MetricDescription {
  /** A counter only grows, but starts over with the node, and where it is read from a role, with the role. */
  readonly kind: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Of a histogram. */
  readonly buckets?: readonly number[];
  /** Labels that are there with 0 from the start: else nobody sees a first event, since it is no increase of anything. */
  readonly initial?: readonly Readonly<Record<string, string>>[];
}

const SHORT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LONG_SECONDS = [1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200];

/**
 * What a node tells of itself, besides the usual metrics of a Node process. `docs/metrics.md` is made from this, and the alert rules and the
 * dashboard may name nothing else. A label's values are bounded: routes as they are declared, codes of the error table, members up to a
 * limit.
 */
export const METRICS = {
  understudy_build_info: {
    kind: "gauge",
    labels: ["version", "node_id", "flavour", "server_version"],
    help: "Always 1; its labels say what runs. The server's are empty until it has answered.",
  },
  understudy_is_master: {
    kind: "gauge",
    labels: [],
    help: "1 on the master, 0 on a slave. None while the node has no role.",
  },
  understudy_has_leader: {
    kind: "gauge",
    labels: [],
    help: "1 where this node knows who leads, itself included; 0 where it knows of nobody.",
  },
  understudy_healthy: {
    kind: "gauge",
    labels: [],
    help: "1 where this node can do what its role asks, 0 where it can't or has no role.",
  },
  understudy_epoch: { kind: "gauge", labels: [], help: "Epoch that this node knows." },
  understudy_role_changes_total: {
    kind: "counter",
    labels: ["role"],
    initial: [{ role: "master" }, { role: "slave" }],
    help: "Roles that this node has taken, by role: `master`, `slave`. The first one of its life counts, too.",
  },
  understudy_lease_remaining_seconds: {
    kind: "gauge",
    labels: [],
    help: "With etcd: for how long this node's lease surely holds yet; 0 where it is over.",
  },
  understudy_etcd_request_duration_seconds: {
    kind: "histogram",
    labels: ["operation", "result"],
    buckets: SHORT_SECONDS,
    help: "With etcd: time of requests to it. `operation`: `grant`, `keep_alive`, `revoke`, `read`, `change`; `result`: `ok` or the error's code.",
  },
  understudy_http_request_duration_seconds: {
    kind: "histogram",
    labels: ["method", "route", "status"],
    buckets: SHORT_SECONDS,
    help: "Time from a request's arrival to its answer. `route` as it is declared; `none` for paths that do not exist.",
  },
  understudy_http_problems_total: {
    kind: "counter",
    labels: ["route", "code"],
    help: "Requests that were answered with an error, by its code (docs/error-codes.md). Those that the master answered count on both nodes.",
  },
  understudy_client_requests: { kind: "gauge", labels: [], help: "Client requests under way." },
  understudy_client_bodies_bytes: {
    kind: "gauge",
    labels: [],
    help: "Bytes that the bodies of client requests under way hold.",
  },
  understudy_refused_total: {
    kind: "counter",
    labels: ["reason"],
    help: "Client requests and connections that were refused at once, by what there was too much of: `requests`, `bodies`, `connections`.",
  },
  understudy_forwarded_requests_total: {
    kind: "counter",
    labels: ["effect", "result"],
    help: "Requests that this node passed on to the master. `effect`: `read`, `write`; `result`: `answered`, whatever the answer, or the code of what went wrong on the way.",
  },
  understudy_idempotency_replays_total: {
    kind: "counter",
    labels: [],
    help: "Writes that were answered from an earlier try under the same idempotency key.",
  },
  understudy_ack_wait_seconds: {
    kind: "histogram",
    labels: ["result"],
    buckets: SHORT_SECONDS,
    initial: [{ result: "confirmed" }, { result: "ack-timeout" }, { result: "write-uncertain" }],
    help: "How long committed writes waited for slaves. `result`: `confirmed`, or the code of what came instead.",
  },
  understudy_open_transactions: {
    kind: "gauge",
    labels: [],
    help: "Interactive transactions that are open on the master.",
  },
  understudy_pool_connections_in_use: {
    kind: "gauge",
    labels: ["pool"],
    help: "Database connections that are lent. Pools: `reader`, `application` (writes), `transaction`, `inspection`, `admin`, `control`.",
  },
  understudy_pool_connections_idle: {
    kind: "gauge",
    labels: ["pool"],
    help: "Database connections that are open and free.",
  },
  understudy_pool_connections_max: {
    kind: "gauge",
    labels: ["pool"],
    help: "How many database connections a pool may have.",
  },
  understudy_pool_waiting: {
    kind: "gauge",
    labels: ["pool"],
    help: "Calls that wait for a database connection.",
  },
  understudy_lag_seconds: { kind: "gauge", labels: [], help: "How far this node is behind the master." },
  understudy_applied_transactions_total: {
    kind: "counter",
    labels: [],
    help: "Transactions applied on this slave.",
  },
  understudy_applied_bytes_total: {
    kind: "counter",
    labels: [],
    help: "Bytes of binlog applied on this slave.",
  },
  understudy_apply_duration_seconds: {
    kind: "histogram",
    labels: ["result"],
    buckets: SHORT_SECONDS,
    help: "Time in which this slave took a delivery in, from its first byte to its last commit. `result`: `ok` or the error's code.",
  },
  understudy_members: {
    kind: "gauge",
    labels: ["state"],
    help: "Members of the cluster by state, as this node sees them: `joining`, `up`, `suspect`, `down`, `broken`.",
  },
  understudy_warnings: {
    kind: "gauge",
    labels: [],
    help: "Warnings in this node's `GET /cluster`.",
  },
  understudy_member_lag_seconds: {
    kind: "gauge",
    labels: ["member"],
    help: "How far each member is behind, as the master sees it.",
  },
  understudy_member_lag_transactions: {
    kind: "gauge",
    labels: ["member"],
    help: "The same in transactions: how far the member's cursor is behind the end of the binlog.",
  },
  understudy_member_lag_bytes: { kind: "gauge", labels: ["member"], help: "The same in bytes of binlog." },
  understudy_member_deliveries_in_flight: {
    kind: "gauge",
    labels: ["member"],
    help: "Deliveries to a member that are not acked yet.",
  },
  understudy_delivered_transactions_total: {
    kind: "counter",
    labels: ["member"],
    help: "Transactions that a member has acked to this master.",
  },
  understudy_delivered_bytes_total: {
    kind: "counter",
    labels: ["member"],
    help: "The same in bytes of binlog.",
  },
  understudy_delivery_failures_total: {
    kind: "counter",
    labels: ["member", "code"],
    help: "How often deliveries to a member began to fail, by the error's code.",
  },
  understudy_window_transactions: {
    kind: "gauge",
    labels: [],
    help: "Transactions in the master's replication window.",
  },
  understudy_window_bytes: { kind: "gauge", labels: [], help: "Bytes in the master's replication window." },
  understudy_window_limit_bytes: {
    kind: "gauge",
    labels: [],
    help: "Bytes that the window may hold (`UNDERSTUDY_WINDOW_BYTES_MAX`).",
  },
  understudy_binlog_read_transactions_total: {
    kind: "counter",
    labels: [],
    help: "Transactions read from the master's binlog.",
  },
  understudy_binlog_read_bytes_total: {
    kind: "counter",
    labels: [],
    help: "Bytes read from the master's binlog.",
  },
  understudy_copy_done_bytes: {
    kind: "gauge",
    labels: ["member"],
    help: "How much of a fresh copy a member has been sent, by the master or by a slave, as the master knows; none while no copy is under way.",
  },
  understudy_copy_expected_bytes: {
    kind: "gauge",
    labels: ["member"],
    help: "How much that will be in all, by the server's statistics.",
  },
  understudy_job_duration_seconds: {
    kind: "histogram",
    labels: ["kind", "result"],
    buckets: LONG_SECONDS,
    initial: [
      { kind: "rebuild", result: "done" },
      { kind: "rebuild", result: "failed" },
      { kind: "switchover", result: "done" },
      { kind: "switchover", result: "failed" },
    ],
    help: "Time of this node's long work. `kind`: `rebuild` (a fresh copy of the data), `switchover`, `backup`; `result`: `done`, `failed`.",
  },
  understudy_jobs_running: { kind: "gauge", labels: ["kind"], help: "Long work of this node under way." },
  understudy_certificate_expiry_timestamp_seconds: {
    kind: "gauge",
    labels: ["use"],
    help: "When a certificate ends, in seconds since 1970. `use`: `node` (its own, shown to clients and to other nodes), `etcd-client`, `database-client` (shown to these), `node-authority`, `etcd-authority`, `database-authority` (those that it trusts there: the last to end), `etcd-server`, `database-server` (as these showed it within the last hour).",
  },
  understudy_quarantine_entries: {
    kind: "gauge",
    labels: ["state"],
    help: "Entries in this node's quarantine: `open` ones wait for a person, `applied`, `discarded`.",
  },
} as const satisfies Record<string, MetricDescription>;

type Table = typeof METRICS;
/** Name of a metric. */
export type MetricName = keyof Table;
/** Names of the metrics of one kind. */
export type MetricNameOf<Kind extends MetricDescription["kind"]> = {
  [Name in MetricName]: Table[Name]["kind"] extends Kind ? Name : never;
}[MetricName];
/** A value for each label of a metric. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<Table[Name]["labels"][number], string>>;
