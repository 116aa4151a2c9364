/** Header names of our own, lower case as Node gives them. */
export const HEADERS = {
  requestId: "x-request-id",
  idempotencyKey: "idempotency-key",
  /** `true` on an answer that was stored by an earlier try with the same key. */
  idempotencyReplayed: "idempotency-replayed",
  node: "x-understudy-node",
  role: "x-understudy-role",
  epoch: "x-understudy-epoch",
  position: "x-understudy-position",
  lagMs: "x-understudy-lag-ms",
  forwardedBy: "x-understudy-forwarded-by",
  /** Node to node. */
  cluster: "x-understudy-cluster",
  sender: "x-understudy-sender",
  /** Where the sender of a delivery can be reached. */
  senderUrl: "x-understudy-sender-url",
  after: "x-understudy-after",
  flavour: "x-understudy-flavour",
  serverVersion: "x-understudy-server-version",
  /** In which version of the interface between nodes a delivery speaks. */
  wire: "x-understudy-wire",
  /** The master's position when a batch was sent: the slave's lag is measured from it. */
  masterPosition: "x-understudy-master-position",
} as const;

/** Media type of a replication batch: a binlog. */
export const BINLOG_MEDIA_TYPE = "application/vnd.understudy.binlog";
/** Media type of a streamed query: one JSON value a line. */
export const NDJSON_MEDIA_TYPE = "application/x-ndjson";
/** Media type of an error (RFC 9457). */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";
