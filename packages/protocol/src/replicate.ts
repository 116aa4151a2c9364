import Type, { type Static } from "typebox";
import { CopyProgress } from "./cluster.ts";

/** A copy of the data that a slave gives to a node that joins. */
export const CopyGiven = Type.Object({ nodeId: Type.String(), progress: CopyProgress });
export type CopyGiven = Static<typeof CopyGiven>;

/** Answer to a delivered batch: an ack. */
export const ReplicateAnswer = Type.Object({
  /** GTID set or list that this node has committed, without epoch. */
  position: Type.String(),
  /** Transactions committed by this delivery; what was there already does not count. */
  applied: Type.Integer(),
  /** Who acks: an address may have come to be another node's. Older releases do not tell. */
  nodeId: Type.Optional(Type.String()),
  /** Left out while it gives none. */
  giving: Type.Optional(CopyGiven),
});
export type ReplicateAnswer = Static<typeof ReplicateAnswer>;

/** Answer of `GET /replicate/position`. */
export const ReplicatePosition = Type.Object({
  nodeId: Type.String(),
  position: Type.String(),
  epoch: Type.String(),
  state: Type.Enum(["streaming", "waiting", "broken", "starting", "master"]),
  error: Type.Optional(Type.String()),
});
export type ReplicatePosition = Static<typeof ReplicatePosition>;
