import Type, { type Static } from "typebox";

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const NodeId = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" });

/** Answer of `GET /cluster/plan`: who would lead if the master were gone now. */
export const PlanAnswer = Type.Object({
  election: Type.Enum(["static", "etcd"]),
  epoch: Type.String(),
  leader: nullable(Type.String()),
  /** Null where nobody would. */
  winner: nullable(Type.String()),
  /** By what it is known that the winner has every confirmed write. */
  evidence: Type.String(),
  /** What stands against it, each in one sentence. */
  blocked: Type.Array(Type.String()),
  candidates: Type.Array(
    Type.Object({ nodeId: Type.String(), isFit: Type.Boolean(), reason: Type.String() }),
  ),
  /** Slaves of which so many (`acks`) have each confirmed write; null where none is agreed on. */
  sync: nullable(Type.Object({ members: Type.Array(Type.String()), acks: Type.Integer() })),
});
export type PlanAnswer = Static<typeof PlanAnswer>;

export const SwitchoverRequest = Type.Object(
  {
    /** Left out: the slave that would win a failover. */
    to: Type.Optional(NodeId),
  },
  { additionalProperties: false },
);
export type SwitchoverRequest = Static<typeof SwitchoverRequest>;

/** Without elections a master offers its lead to a slave, or takes the offer back. */
export const OfferRequest = Type.Object({
  /** Names the offer; one that was taken back is never taken. */
  offer: Type.String({ minLength: 1, maxLength: 64 }),
  /** Who offers, and the epoch that it leads in. */
  leader: Type.String({ maxLength: 64 }),
  epoch: Type.String({ pattern: "^\\d{1,19}$" }),
  /** False takes it back. */
  stands: Type.Boolean(),
});
export type OfferRequest = Static<typeof OfferRequest>;

/** What a slave has made of an offer: that is final. */
export const OfferAnswer = Type.Object({
  /** True where it leads, in `epoch`. */
  leads: Type.Boolean(),
  /** The highest epoch that its data know of. */
  epoch: Type.String(),
});
export type OfferAnswer = Static<typeof OfferAnswer>;

export const FailoverRequest = Type.Object(
  {
    /** Left out: the node that is asked. */
    to: Type.Optional(NodeId),
    /** The node takes the lead although confirmed writes may be lost by it. */
    acceptLoss: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);
export type FailoverRequest = Static<typeof FailoverRequest>;

export const FailoverAnswer = Type.Object({ leader: Type.String(), epoch: Type.String() });
export type FailoverAnswer = Static<typeof FailoverAnswer>;

export const JobStep = Type.Object({
  name: Type.String(),
  state: Type.Enum(["running", "done", "failed"]),
  startedAt: Type.String(),
  tookMs: nullable(Type.Number()),
  /** How far it is, for people; empty where there is nothing to tell. */
  detail: Type.String(),
});
export type JobStep = Static<typeof JobStep>;

/** Long work of one node. */
export const Job = Type.Object({
  /** `<node id>:<number>`. */
  id: Type.String(),
  kind: Type.Enum(["switchover", "rebuild", "backup"]),
  nodeId: Type.String(),
  state: Type.Enum(["running", "done", "failed"]),
  startedAt: Type.String(),
  endedAt: nullable(Type.String()),
  steps: Type.Array(JobStep),
  /** Why it failed, in one sentence. */
  error: nullable(Type.String()),
});
export type Job = Static<typeof Job>;

export const JobsAnswer = Type.Object({ jobs: Type.Array(Job) });
export type JobsAnswer = Static<typeof JobsAnswer>;
