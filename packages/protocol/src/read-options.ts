import Type, { type Static } from "typebox";

/** How fresh a read has to be. */
export const CONSISTENCY_LEVELS = ["local", "bounded", "strong"] as const;

/** Longest time that a read may wait for a position. */
const WAIT_MS_MAX = 60_000;
const LAG_MS_MAX = 86_400_000;
/** A GTID set with very many holes is still shorter. */
const POSITION_CHARACTERS_MAX = 65_536;

/** The fields of every read, in its body or its query string. */
export const READ_OPTIONS = {
  consistency: Type.Enum([...CONSISTENCY_LEVELS], {
    default: "local",
    description:
      "`local`: this node's data as it is. `bounded`: at most `maxLagMs` old, else `too-stale`. `strong`: every write confirmed before it was asked; goes to the master.",
  }),
  maxLagMs: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LAG_MS_MAX,
      description: "With `bounded`, and required there: how old the data may be, in milliseconds.",
    }),
  ),
  after: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: POSITION_CHARACTERS_MAX,
      description:
        "A position that a write answered with, or up to 16 of them with spaces between: the read waits until this node has them all.",
    }),
  ),
  waitMs: Type.Integer({
    minimum: 0,
    maximum: WAIT_MS_MAX,
    default: 5000,
    description: "How long to wait for `after` before the answer is `too-stale`, in milliseconds.",
  }),
} as const;

export const ReadOptions = Type.Object(READ_OPTIONS, { additionalProperties: false });
/** @see READ_OPTIONS */
export type ReadOptions = Static<typeof ReadOptions>;
