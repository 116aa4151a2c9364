import Type, { type Static } from "typebox";

const NODE_ID = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
/** Also those that nodes have made themselves, which may begin with a dash. */
const CLUSTER_ID = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$";
const HTTP_URL = "^https?://[^\\s/]+$";

/**
 * Every setting of a node, its type, default and meaning. Each is given as `UNDERSTUDY_` and its name in upper snake case;
 * `docs/configuration.md` is made from this.
 */
export const NodeSettings = Type.Object({
  nodeId: Type.Optional(
    Type.String({
      pattern: NODE_ID,
      description: "Stable name of the node. Left out: made once and kept in the data folder.",
    }),
  ),
  clusterId: Type.Optional(
    Type.String({
      pattern: CLUSTER_ID,
      description:
        "Name of the cluster. A master gives it to a new cluster (left out: a random one); a node that finds another name in its database refuses to start.",
    }),
  ),
  host: Type.String({ default: "127.0.0.1", minLength: 1, description: "Address to listen on." }),
  port: Type.Integer({ minimum: 0, maximum: 65535, description: "Port to listen on; 0 takes a free one." }),
  advertisedUrl: Type.Optional(
    Type.String({
      pattern: HTTP_URL,
      description:
        "Address under which the other nodes reach this one. Left out: `http://host:port`, with TLS `https://host:port`.",
    }),
  ),
  tlsCertFile: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "This node's certificate (PEM), followed by those that lead up to its authority. With it the node speaks `https` alone, and shows it to other nodes that ask. A change on the disk is taken without a restart; so it is for the other TLS files.",
    }),
  ),
  tlsKeyFile: Type.Optional(
    Type.String({ minLength: 1, description: "The private key (PEM) of `UNDERSTUDY_TLS_CERT_FILE`." }),
  ),
  tlsCaFile: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Certificates (PEM) of the authorities that other nodes' certificates must be signed by. Left out: the authorities that Node.js knows.",
    }),
  ),
  tlsClientAuth: Type.Enum(["none", "nodes", "all"], {
    default: "none",
    description:
      "Who has to show a certificate that an authority of `UNDERSTUDY_TLS_CA_FILE` has signed: `nodes` for what only nodes ask of each other (replication, registration, copies), `all` for every request but those below `/health`. The same on every node.",
  }),
  masterUrl: Type.Optional(
    Type.String({
      pattern: HTTP_URL,
      description:
        "Where a slave registers: the master's advertised URL. Required for a slave without etcd; with etcd it is not used.",
    }),
  ),
  etcd: Type.Array(Type.String({ pattern: HTTP_URL }), {
    default: [],
    description:
      "Addresses of etcd's members, comma-separated, such as `http://etcd1:2379,http://etcd2:2379`. With them the cluster elects its master by itself, and fails over; without, the master is the node that was started as such. Needs `UNDERSTUDY_CLUSTER_ID`. The same on every node.",
  }),
  etcdUser: Type.Optional(
    Type.String({ minLength: 1, description: "User name in etcd, where it asks for one." }),
  ),
  etcdPassword: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Password in etcd. Secret. `UNDERSTUDY_ETCD_PASSWORD_FILE` names a file that holds it instead.",
    }),
  ),
  etcdCaFile: Type.Optional(
    Type.String({
      minLength: 1,
      description: "Certificates (PEM) that etcd's `https` addresses are checked against.",
    }),
  ),
  etcdCertFile: Type.Optional(
    Type.String({
      minLength: 1,
      description: "This node's certificate (PEM) for etcd, where it asks for one.",
    }),
  ),
  etcdKeyFile: Type.Optional(
    Type.String({ minLength: 1, description: "The private key (PEM) of `UNDERSTUDY_ETCD_CERT_FILE`." }),
  ),
  leaseTtlMs: Type.Integer({
    default: 5000,
    minimum: 2000,
    maximum: 60_000,
    multipleOf: 1000,
    description:
      "With etcd: how long the master's lease holds without being renewed, in whole seconds. A master that is frozen or cut off is replaced after about this time. The same on every node.",
  }),
  leaseRenewMs: Type.Integer({
    default: 1000,
    minimum: 100,
    maximum: 20_000,
    description: "With etcd: how often the lease is renewed.",
  }),
  leaseMarginMs: Type.Integer({
    default: 1000,
    minimum: 100,
    maximum: 20_000,
    description: "With etcd: so much earlier than etcd a node regards its own lease as over.",
  }),
  etcdTimeoutMs: Type.Integer({
    default: 1000,
    minimum: 50,
    maximum: 20_000,
    description: "With etcd: how long one request to it may take.",
  }),
  maxLagOnFailoverMs: Type.Integer({
    default: 10_000,
    minimum: 0,
    maximum: 86_400_000,
    description:
      "With etcd and `UNDERSTUDY_DEFAULT_ACK=async`: a slave that was behind by more when it last heard from the master does not take over by itself, since what it lacks would be lost; 0 lets none that was behind.",
  }),
  priority: Type.Integer({
    default: 0,
    minimum: -1000,
    maximum: 1000,
    description: "Among slaves that could take over equally well, the one with the highest number does.",
  }),
  promotable: Type.Boolean({
    default: true,
    description: "False: this node never takes the lead by itself.",
  }),
  leaderWaitMs: Type.Integer({
    default: 8000,
    minimum: 0,
    maximum: 60_000,
    description:
      "With etcd: how long requests that need a master wait for one while it is being replaced, before they get `no-leader`.",
  }),
  rejoin: Type.Enum(["rebuild", "refuse"], {
    default: "rebuild",
    description:
      "What a node does that deliveries can't bring along, since its history is not part of the master's or the binlog does not reach back to it: `rebuild` saves what only it has into its quarantine and takes a fresh copy; `refuse` waits for a person.",
  }),
  dumpProgram: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Path of the program by which copies of the data are made, `mysqldump` or `mariadb-dump`. Left out: it is looked for by its usual names on `PATH` and in the usual folders.",
    }),
  ),
  clientProgram: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Path of the program by which copies are restored, `mysql` or `mariadb`. Left out: likewise.",
    }),
  ),
  databaseUrl: Type.String({
    minLength: 1,
    description:
      "The node's own database server and an account with all rights on it: `mysql://user:password@host:port`, or `mysql://user:password@localhost?socketPath=/path`. For TLS add `?ssl-mode=VERIFY_IDENTITY&ssl-ca=/path` (or `REQUIRED`, `VERIFY_CA`; `ssl-cert` and `ssl-key` where it asks for a certificate). Secret. `UNDERSTUDY_DATABASE_URL_FILE` names a file that holds it instead.",
  }),
  dataDir: Type.String({
    default: "./understudy-data",
    minLength: 1,
    description:
      "Folder of the node's own state: small, but for its quarantine, which may hold a copy of all data.",
  }),
  tokensFile: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "File of the tokens that requests must bring, with their rights; the apps' own command `token` writes it, docs/security.md tells of it. Read again when it changes. The same on every node. Left out: no request needs a token, and the node listens on loopback only.",
    }),
  ),
  nodeToken: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "This node's own token, with the right `replicate`, by which the other nodes know it. Required with `UNDERSTUDY_TOKENS_FILE`. Secret. `UNDERSTUDY_NODE_TOKEN_FILE` names a file that holds it instead, which is read again when it changes.",
    }),
  ),
  openMetrics: Type.Boolean({
    default: false,
    description: "`GET /metrics` needs no token, where others do.",
  }),
  allowOpenAccess: Type.Boolean({
    default: false,
    description:
      "Listen beyond loopback although no tokens are configured (`UNDERSTUDY_TOKENS_FILE`), so that anyone who reaches the port can read and write everything.",
  }),
  allowedHosts: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description:
      "Without tokens: further host names that requests may be addressed to, comma-separated. Loopback names, the listening address and the advertised URL's host are always accepted; `*` accepts any.",
  }),
  corsOrigins: Type.Array(Type.String({ minLength: 1 }), {
    default: ["loopback"],
    description:
      "Origins whose pages may call this node, comma-separated: full origins such as `https://app.example`, `loopback` for `http://localhost:*` and `http://127.0.0.1:*`, `*` for any, `none` for none.",
  }),
  bodyLimitBytes: Type.Integer({
    default: 16 * 1024 * 1024,
    minimum: 1024,
    maximum: 1024 * 1024 * 1024,
    description: "Largest request body that clients may send, in bytes.",
  }),
  bodiesBytesMax: Type.Integer({
    default: 256 * 1024 * 1024,
    minimum: 1024,
    maximum: 64 * 1024 * 1024 * 1024,
    description:
      "Bytes that the bodies of all client requests under way may hold together; more get `overloaded`. At least the limit of one body.",
  }),
  requestsMax: Type.Integer({
    default: 2000,
    minimum: 1,
    maximum: 100_000,
    description:
      "Client requests that may be under way at a time, waiting ones included; more get `overloaded`.",
  }),
  connectionsMax: Type.Integer({
    default: 10_000,
    minimum: 1,
    maximum: 1_000_000,
    description:
      "HTTP connections that may carry client requests; on further ones these get `overloaded`, while health, metrics, the cluster's view and replication go on.",
  }),
  statementTimeoutMsMax: Type.Integer({
    default: 3_600_000,
    minimum: 1,
    maximum: 3_600_000,
    description:
      "Longest `timeoutMs` that a client may ask for; a longer one is refused. What asks for none gets 30000 or this, whichever is less. The same on every node.",
  }),
  rowsMax: Type.Integer({
    default: 1_000_000,
    minimum: 1,
    maximum: 1_000_000,
    description:
      "Largest `maxRows` of a query and `limit` of a selection that a client may ask for; streams are not limited. The same on every node.",
  }),
  readerConnectionsMax: Type.Integer({
    default: 32,
    minimum: 1,
    maximum: 1000,
    description: "Database connections for client reads.",
  }),
  writerConnectionsMax: Type.Integer({
    default: 32,
    minimum: 1,
    maximum: 1000,
    description: "Database connections for client writes.",
  }),
  transactionsMax: Type.Integer({
    default: 16,
    minimum: 1,
    maximum: 1000,
    description:
      "Interactive transactions (`POST /transactions`) that may be open at a time on the master, each on a database connection of its own; more get `overloaded`.",
  }),
  waitingRequestsMax: Type.Integer({
    default: 1000,
    minimum: 0,
    maximum: 100_000,
    description: "Requests of one kind that may wait for a connection; more get `overloaded`.",
  }),
  defaultAck: Type.Optional(
    Type.String({
      pattern: "^(async|majority|all|[1-9]|[1-5][0-9]|6[0-3])$",
      description:
        "How many slaves must have committed a write before it is confirmed, where the request does not say: `async` for none, a number, `majority` (with the master more than half of the members) or `all`. Left out: `majority` with etcd, else `async`. The master's setting counts.",
    }),
  ),
  probeIntervalMs: Type.Optional(
    Type.Integer({
      minimum: 100,
      maximum: 3_600_000,
      description:
        "How often peers are probed. Left out: 3000 with etcd; without, 5000 on a master (it probes its slaves), 10000 on a slave (it probes the master).",
    }),
  ),
  probeTimeoutMs: Type.Integer({
    default: 2000,
    minimum: 50,
    maximum: 60_000,
    description: "How long a probe may take.",
  }),
  windowTransactionsMax: Type.Integer({
    default: 1000,
    minimum: 1,
    maximum: 1_000_000,
    description: "Transactions that the master's replication window holds.",
  }),
  windowBytesMax: Type.Integer({
    default: 64 * 1024 * 1024,
    minimum: 1024 * 1024,
    maximum: 16 * 1024 * 1024 * 1024,
    description: "Bytes that the master's replication window holds.",
  }),
  idempotencyKeyHours: Type.Integer({
    default: 24,
    minimum: 1,
    maximum: 720,
    description: "How long the answer of a write under an idempotency key is kept and given again.",
  }),
  logLevel: Type.Enum(["debug", "info", "warn", "error", "silent"], {
    default: "info",
    description: "Least weight of what is logged. SIGUSR2 switches to `debug` and back while the node runs.",
  }),
  slowRequestMs: Type.Integer({
    default: 1000,
    minimum: 0,
    maximum: 3_600_000,
    description:
      "A client request that takes longer is logged at `info`, as `slow-request`; 0 for none. All others are logged at `debug`.",
  }),
});

/** The settings as they are read. */
export type NodeSettings = Static<typeof NodeSettings>;

/** Settings that must never be shown. */
export const SECRET_SETTINGS: ReadonlySet<string> = new Set(["databaseUrl", "etcdPassword", "nodeToken"]);
