import Type, { type Static } from "typebox";
import { FlavourSchema, MemberStateSchema, RoleSchema } from "./vocabulary.ts";
import { WireRange } from "./wire-version.ts";

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const PingAnswer = Type.Object({
  status: Type.Enum(["ok", "starting", "degraded"]),
  nodeId: Type.String(),
  clusterId: Type.String(),
  role: RoleSchema,
  /** Text, since epochs are 64 bits wide. */
  epoch: Type.String(),
  position: Type.String(),
  uptimeSeconds: Type.Number(),
  version: Type.String(),
  /** Another one after each start of the node; left out by releases that have none. */
  instance: Type.Optional(Type.String()),
});
export type PingAnswer = Static<typeof PingAnswer>;

/** How far a member is behind the master; a part that cannot be known is null. */
export const Lag = Type.Object({
  transactions: nullable(Type.Integer()),
  bytes: nullable(Type.Integer()),
  ms: nullable(Type.Number()),
});
export type Lag = Static<typeof Lag>;

/** The replication queue as it concerns one slave. */
export const QueueView = Type.Object({
  /** `window`: served from memory; `catch-up`: by a reader of its own from the binlog; `idle`: nothing waits; `paused`, `stopped`. */
  mode: Type.Enum(["window", "catch-up", "idle", "paused", "stopped"]),
  /** Position up to which it has acked. */
  acked: Type.String(),
  deliveriesInFlight: Type.Integer(),
  lastError: nullable(Type.String()),
});
export type QueueView = Static<typeof QueueView>;

/** How far a fresh copy of the data is on its way to a member. */
export const CopyProgress = Type.Object({
  phase: Type.String(),
  bytesDone: Type.Integer(),
  /** An estimate. */
  bytesTotal: Type.Integer(),
  tablesDone: Type.Integer(),
  tablesTotal: Type.Integer(),
});
export type CopyProgress = Static<typeof CopyProgress>;

export const Member = Type.Object({
  nodeId: Type.String(),
  url: Type.String(),
  role: RoleSchema,
  state: MemberStateSchema,
  /** Why it is in this state, in one sentence. */
  reason: Type.String(),
  position: nullable(Type.String()),
  lag: Lag,
  /** ISO time of the last answer or message from it. */
  lastSeen: nullable(Type.String()),
  version: Type.String(),
  flavour: FlavourSchema,
  serverVersion: Type.String(),
  queue: nullable(QueueView),
  throughput: nullable(Type.Object({ transactionsPerSecond: Type.Number(), bytesPerSecond: Type.Number() })),
  /** Null while none is under way. */
  copy: nullable(CopyProgress),
});
export type Member = Static<typeof Member>;

export const ClusterView = Type.Object({
  clusterId: Type.String(),
  /** The node that answers, whose view this is. */
  self: Type.String(),
  epoch: Type.String(),
  leader: nullable(Type.Object({ nodeId: Type.String(), url: Type.String() })),
  election: Type.Enum(["static", "etcd"]),
  members: Type.Array(Member),
  /** Things a person should know, each in one sentence: tables without a primary key, relaxed durability … */
  warnings: Type.Array(Type.String()),
});
export type ClusterView = Static<typeof ClusterView>;

/** Kinds of entries in a cluster's event history. */
export const EVENT_KINDS = [
  "started",
  "joined",
  "rejoined",
  "state-changed",
  "role-changed",
  "election",
  "copy",
  "quarantined",
  "access",
  "replication-broken",
  "replication-resumed",
  "error",
  "warning",
] as const;

export const ClusterEvent = Type.Object({
  /** Grows by one on each node; not comparable between nodes. */
  id: Type.Integer(),
  time: Type.String(),
  nodeId: Type.String(),
  kind: Type.Enum([...EVENT_KINDS]),
  message: Type.String(),
});
export type ClusterEvent = Static<typeof ClusterEvent>;

export const EventsAnswer = Type.Object({ events: Type.Array(ClusterEvent), next: Type.Integer() });
export type EventsAnswer = Static<typeof EventsAnswer>;

/** Fields that it does not know are of a newer release, and not refused: what may not be overlooked has another wire version. */
export const RegisterRequest = Type.Object({
  nodeId: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" }),
  clusterId: nullable(Type.String({ maxLength: 64 })),
  url: Type.String({ pattern: "^https?://[^\\s/]+$", maxLength: 512 }),
  flavour: FlavourSchema,
  /** `server_id` of its database server; no two in a cluster may be the same. */
  serverId: Type.Integer({ minimum: 0, maximum: 4_294_967_295 }),
  serverVersion: Type.String({ maxLength: 128 }),
  version: Type.String({ maxLength: 64 }),
  epoch: Type.String({ pattern: "^\\d{1,19}$" }),
  /** GTID set or list of the slave, without epoch. */
  gtid: Type.String({ maxLength: 1_000_000 }),
  /** The same to the transaction: MySQL's `gtid_executed`, MariaDB's `gtid_binlog_state`. */
  history: Type.String({ maxLength: 1_000_000 }),
  /** The newest epoch whose beginning is in its data. */
  dataEpoch: Type.String({ pattern: "^\\d{1,19}$" }),
  /** True where the server holds no user schema, so that its own set-up is all its history. */
  empty: Type.Boolean(),
  /** True where a copy of the data has not been restored to its end. */
  torn: Type.Boolean(),
  /** True where a person wants it to get a fresh copy. */
  wantsRebuild: Type.Boolean(),
  /** Left out by a node that speaks `UNTOLD_WIRE`. */
  wire: Type.Optional(WireRange),
  /** As it tells in `PingAnswer`, so that it is told from another node of the same id. */
  instance: Type.Optional(Type.String({ maxLength: 64 })),
});
export type RegisterRequest = Static<typeof RegisterRequest>;

export const RegisterAnswer = Type.Object({
  clusterId: Type.String(),
  epoch: Type.String(),
  leader: Type.Object({ nodeId: Type.String(), url: Type.String() }),
  /**
   * `deliver`: transactions follow from the slave's position. `reset`: a fresh server empties its GTID history first. `rebuild`: it saves
   * what only it has, and takes a fresh copy of the data.
   */
  action: Type.Enum(["deliver", "reset", "rebuild"]),
  /** With `rebuild`: why, in one sentence; else empty. */
  reason: Type.String(),
  /** With `rebuild`: what of the slave's history the master's has, as `history` of the request is given; else empty. */
  survived: Type.String(),
  /** What the master has. */
  gtid: Type.String(),
  /** With `rebuild`: a slave that gives the copy in the master's place; left out where the master does. */
  copyFrom: Type.Optional(Type.Object({ nodeId: Type.String(), url: Type.String() })),
  members: Type.Array(Member),
  /** The version that both speak from now on; left out by a node that speaks `UNTOLD_WIRE`. */
  wire: Type.Optional(Type.Integer()),
});
export type RegisterAnswer = Static<typeof RegisterAnswer>;

/** A master asks a slave whether it follows it. */
export const FollowsRequest = Type.Object({
  leader: Type.String({ maxLength: 64 }),
  epoch: Type.String({ pattern: "^\\d{1,19}$" }),
  /** Also that it accepts no other master for the time of a lease. */
  promises: Type.Boolean(),
  /** True where no commit goes through at the master: a slave that could elect another promises nothing then. */
  stalled: Type.Optional(Type.Boolean()),
  /** The slave gives copies no longer: its acks are needed. */
  endsCopies: Type.Optional(Type.Boolean()),
  /** Where the master is, given where it waits for the slave's registration; left out where it only asks. */
  url: Type.Optional(Type.String({ pattern: "^https?://[^\\s/]+$", maxLength: 512 })),
});
export type FollowsRequest = Static<typeof FollowsRequest>;

export const FollowsAnswer = Type.Object({ nodeId: Type.String(), follows: Type.Boolean() });
export type FollowsAnswer = Static<typeof FollowsAnswer>;
