import Type, { type Static } from "typebox";

/** Ack levels that go by a name. */
export const ACK_NAMES = ["async", "majority", "all"] as const;

/** More slaves than a cluster has. */
const ACKS_MAX = 63;

/** How many slaves must have committed a write before it is confirmed. */
export const AckLevel = Type.Union(
  [Type.Enum([...ACK_NAMES]), Type.Integer({ minimum: 1, maximum: ACKS_MAX })],
  {
    description:
      "`async`: none. A number: so many slaves. `majority`: with the master more than half of the members. `all`: every member. Left out: the cluster's default.",
  },
);
/** @see AckLevel */
export type AckLevel = Static<typeof AckLevel>;

/** The fields of every write. */
export const WRITE_OPTIONS = {
  ack: Type.Optional(AckLevel),
  ackTimeoutMs: Type.Integer({
    minimum: 1,
    maximum: 60_000,
    default: 5000,
    description: "How long to wait for acks before the answer is `ack-timeout`, in milliseconds.",
  }),
} as const;

export const WriteOptions = Type.Object(WRITE_OPTIONS, { additionalProperties: false });
/** @see WRITE_OPTIONS */
export type WriteOptions = Static<typeof WriteOptions>;
