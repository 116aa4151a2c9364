/** One row of the error table. */
export interface ErrorEntry {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Short summary, the same for each case of this code (RFC 9457 `title`). */
  readonly title: string;
  /** What it means and what to do, for people. */
  readonly meaning: string;
  /** True where the same request may succeed later without being changed. */
  readonly retryable: boolean;
}

/** The same request, sent again unchanged, fails again or may do harm. */
const entry = (status: number, title: string, meaning: string): ErrorEntry => ({
  status,
  title,
  meaning,
  retryable: false,
});

/** What stands in the way passes by itself. */
const passing = (status: number, title: string, meaning: string): ErrorEntry => ({
  ...entry(status, title, meaning),
  retryable: true,
});

/** Every code that an answer or a start-up failure of Understudy can carry: the one error table. */
export const ERROR_TABLE = {
  "invalid-request": entry(
    400,
    "The request is malformed",
    "The body, a parameter or a header does not fit the schema; `detail` names the place and what was expected.",
  ),
  "sql-syntax": entry(
    400,
    "SQL syntax error",
    "The database server could not parse the statement; `detail` quotes its message. Correct the text; values belong into `params`.",
  ),
  "unknown-database": entry(
    400,
    "Unknown database",
    "The named database does not exist. Create it with POST /createdb, or correct the name.",
  ),
  "unknown-table": entry(
    400,
    "Unknown table",
    "The named table does not exist in that database. Create it with POST /createtable, or correct the name.",
  ),
  "unknown-column": entry(
    400,
    "Unknown column",
    "A named column does not exist in the table. GET /databases/{database}/tables/{table} lists those that do.",
  ),
  "not-a-query": entry(
    400,
    "Not a query",
    "A statement with an effect was sent to /query. Send it to /execute.",
  ),
  "not-allowed": entry(
    400,
    "Statement not allowed",
    "The statement would leave the call (session state), break replication or reach beyond the data; `detail` says which and what to do instead.",
  ),
  "missing-where": entry(
    400,
    "No condition given",
    "An update or delete without `where` changes every row. Add a condition, or `all: true` when that is meant.",
  ),
  unauthenticated: entry(
    401,
    "Not authenticated",
    "The request needs a token that the node knows and that has not expired. Send it as `Authorization: Bearer …`.",
  ),
  forbidden: entry(
    403,
    "Not permitted",
    "The token, the origin, the Host header or the database account does not permit this; `detail` says which right or database is missing. The file of UNDERSTUDY_TOKENS_FILE gives rights to tokens, UNDERSTUDY_CORS_ORIGINS permits origins, UNDERSTUDY_ALLOWED_HOSTS names.",
  ),
  "not-found": entry(
    404,
    "Not found",
    "No such route, database, table, node or transaction. `detail` names it; GET /openapi.json has the routes.",
  ),
  "already-exists": entry(
    409,
    "Already exists",
    "A database, table or other object of this name is there already; use `ifNotExists` where that is fine.",
  ),
  "duplicate-key": entry(
    409,
    "Duplicate key",
    "A row with the same unique key exists. Choose another key, or `onDuplicate` where the old row may be kept or replaced.",
  ),
  deadlock: passing(
    409,
    "Deadlock or lock wait timeout",
    "Another transaction held the needed locks; this one was rolled back. Send it again.",
  ),
  constraint: entry(
    409,
    "Constraint violated",
    "A foreign key, CHECK or NOT NULL constraint refuses the change; `detail` names it. Correct the values, or the rows that they refer to.",
  ),
  "history-lost": entry(
    409,
    "History lost",
    "The position belongs to a history that did not survive a failover: what was written up to there may be gone. Read without `after`, and look what is there.",
  ),
  "epoch-stale": entry(
    409,
    "Stale epoch",
    "The sender acts under an older epoch than this node knows; it must step down. This is between nodes: clients have nothing to do.",
  ),
  "position-mismatch": entry(
    409,
    "Position mismatch",
    "A replication batch does not continue where this node is; the answer tells the node's position, from which the master goes on by itself.",
  ),
  "cluster-mismatch": entry(
    409,
    "Another cluster",
    "The sender belongs to another cluster. Check the addresses and UNDERSTUDY_CLUSTER_ID.",
  ),
  "node-id-taken": entry(
    409,
    "Node id taken",
    "Another node that is alive has the same node id, as after a data folder was copied; `detail` says where it is. Stop one of the two and give it another UNDERSTUDY_NODE_ID. A node that is back at another address is let in as soon as nothing of its id answers at the old one.",
  ),
  "version-mismatch": entry(
    409,
    "Releases too far apart",
    "Two nodes have no version of the interface between nodes in common, or a newer release has changed what the cluster keeps (in etcd, in the schema `understudy`) into what this node does not know; `detail` says which node to upgrade. Nothing is lost by it: the node follows again once both understand each other. Upgrade in the order of docs/upgrade.md.",
  ),
  "snapshot-required": entry(
    409,
    "Snapshot required",
    "The node's position is no longer in the master's binlog, or its history is not part of the master's: it needs a fresh copy of the data.",
  ),
  "idempotency-unresolved": entry(
    409,
    "Outcome unknown",
    "An earlier try under this idempotency key ran a statement that commits by itself (DDL, CALL), and its end is not known; it may still run. `firstTry`, `node` and `statement` tell which. Look at the data, then send what is missing under a new key.",
  ),
  "transaction-expired": entry(
    410,
    "Transaction has ended",
    "The interactive transaction was committed, rolled back or expired; `detail` says which. Begin a new one where it was rolled back.",
  ),
  "too-large": entry(
    413,
    "Request too large",
    "The body is larger than this node accepts; send fewer rows at once, or raise UNDERSTUDY_BODY_LIMIT_BYTES. Or the answer of a write is larger than what can be kept under its idempotency key (1 MiB): nothing was written, unless `committed` says so.",
  ),
  "too-many-rows": entry(
    413,
    "Too many rows",
    "The answer has more rows than `maxRows`. Add LIMIT, raise `maxRows`, or stream.",
  ),
  "idempotency-mismatch": entry(
    422,
    "Another request under the same key",
    "This idempotency key was used for a different request (route or body; `ack`, `ackTimeoutMs` and `timeoutMs` may differ). Take a new key for each new write.",
  ),
  "invalid-value": entry(
    422,
    "Value does not fit",
    "A value does not fit its column or parameter; `detail` names it. Correct the value, or widen the column.",
  ),
  "apply-failed": entry(
    422,
    "Applying failed",
    "A replicated transaction could not be applied on this node; it stopped there and is `broken`. GET /cluster has the reason; when it is cured, POST /cluster/nodes/{id}/resume at that node.",
  ),
  "rate-limited": passing(
    429,
    "Too many requests",
    "The token has sent more requests than it may, or the address too many without a right token; nothing of this one was run. Try again after `Retry-After` seconds.",
  ),
  overloaded: passing(
    503,
    "Overloaded",
    "The node has as many requests under way as it takes; nothing of this one was run. `detail` names the limit. Try again after `Retry-After` seconds.",
  ),
  "no-leader": passing(
    503,
    "No master reachable",
    "No master can take the write now. Try again after `Retry-After` seconds.",
  ),
  "database-unavailable": passing(
    503,
    "Database server unavailable",
    "The node's database server does not answer. Try again after `Retry-After` seconds.",
  ),
  "too-stale": passing(
    503,
    "Data too stale",
    "The node's data is older than the request allows. Wait, ask another node or the master, or allow more (`maxLagMs`, `waitMs`).",
  ),
  starting: passing(
    503,
    "Starting",
    "The node is not ready yet, is busy or being rebuilt. Try again after `Retry-After` seconds.",
  ),
  timeout: passing(
    504,
    "Timed out",
    "The statement ran longer than `timeoutMs`; it was ended and rolled back. Allow more time, or make it do less.",
  ),
  "ack-timeout": entry(
    504,
    "Not confirmed in time",
    "Committed on the master at `position`, but not confirmed by enough slaves in time. Do not send it again; GET /cluster tells what the slaves do.",
  ),
  "write-uncertain": entry(
    502,
    "Outcome of the write unknown",
    "The connection to the master broke after the write was sent, so it may or may not have been committed. Send it again under the same idempotency key; without one, look before sending it again.",
  ),
  "node-unreachable": passing(
    502,
    "Node not reachable",
    "A node could not be reached or gave no answer in time. Nothing was lost by it: the call was a read, is safe to repeat, or was never sent. Send it again.",
  ),
  "coordination-unavailable": passing(
    503,
    "Coordination not available",
    "The cluster's etcd could not be asked in time, so nobody can be given the lead and what was asked for was not done, or may not have been. Look at etcd; the node tries again by itself.",
  ),
  "promotion-blocked": entry(
    409,
    "Promotion would not be safe",
    "No node can take the lead without the risk that confirmed writes are lost, or the named one is not fit for it. GET /cluster/plan tells why; POST /cluster/failover with `acceptLoss` overrides it.",
  ),
  "job-running": entry(
    409,
    "Another job is running",
    "A switchover, a failover or a rebuild is under way already, and only one can be. GET /jobs tells its steps; wait for its end.",
  ),
  "not-cancellable": entry(
    409,
    "Job can't be cancelled",
    "A switchover can be cancelled until the hand-over itself; a rebuild can't be, since with half a copy the node would only start over. Wait for its end.",
  ),
  "snapshot-failed": passing(
    502,
    "Copy of the data failed",
    "A copy of the data ended before it was whole, or could not be restored. The node that served it is unchanged, and the one that wanted it starts over by itself.",
  ),
  "quarantine-incomplete": entry(
    500,
    "Errant transactions cannot be saved whole",
    "The node has transactions that the master's history lacks, its binlog can't tell all of them, and a copy of its whole data could not be kept either; `detail` says why, and what to do: mostly to make room. The node was left as it is, and tries again by itself.",
  ),
  "quarantine-whole-copy": entry(
    409,
    "Quarantine entry is a whole copy",
    "The entry holds a copy of all data that its node had, since its own transactions could not be told apart, so there is nothing to apply. Restore it into a server of its own, compare, enter by hand what is missing, then discard the entry with a reason.",
  ),
  "quarantine-closed": entry(
    409,
    "Quarantine entry was discarded",
    "The entry was discarded with a reason, which `detail` quotes, so it is not applied. Its files are still there for a person to use.",
  ),
  "forward-loop": passing(
    508,
    "Forwarding loop",
    "The request was forwarded already and this node is not the master either. Try again after `Retry-After` seconds.",
  ),
  "config-invalid": entry(
    500,
    "Invalid configuration",
    "The node refuses to start; the message lists every problem at once. Correct the settings (docs/configuration.md).",
  ),
  "server-unsuitable": entry(
    500,
    "Database server unsuitable",
    "The database server lacks a setting that replication needs; the message names it. Change it and start again.",
  ),
  "binlog-corrupt": entry(
    500,
    "Binlog damaged",
    "An event's checksum or structure is wrong; it was not applied. Look at the disk of the node that it came from.",
  ),
  "binlog-unsupported": entry(
    500,
    "Binlog event not supported",
    "The binlog holds an event that can't be replicated faithfully; replication stops rather than skip it. `detail` names the event.",
  ),
  internal: entry(
    500,
    "Internal error",
    "A defect in Understudy. The log has more under the request id; please report it.",
  ),
} as const satisfies Record<string, ErrorEntry>;

/** A code of {@link ERROR_TABLE}. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** True where `code` stands in the table. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, code);
}
