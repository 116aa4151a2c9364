import Type, { type Static } from "typebox";
import { Compile, type Validator } from "typebox/compile";

/** Names of the keys below a cluster's prefix. */
export const KEYS = {
  leader: "leader",
  epoch: "epoch",
  format: "format",
  sync: "sync",
  members: "members/",
} as const;

const Epoch = Type.String({ pattern: "^\\d{1,19}$" });

/** Who leads, under which epoch; bound to the leader's lease. */
const LeaderValue = Type.Object({ nodeId: Type.String(), url: Type.String(), epoch: Epoch });

/**
 * What later masters may rely on: each write that was confirmed in `epoch` or before has been acked by at least `acks` of
 * `members`, or is in the database of `leader`.
 */
export const SyncValue = Type.Object({
  leader: Type.String(),
  epoch: Epoch,
  members: Type.Array(Type.String()),
  acks: Type.Integer({ minimum: 0 }),
});
export type SyncValue = Static<typeof SyncValue>;

/** A node as it tells of itself; bound to its lease. Written only where something has changed. */
export const MemberValue = Type.Object({
  url: Type.String(),
  flavour: Type.Enum(["mysql", "mariadb"]),
  version: Type.String(),
  role: Type.Enum(["master", "slave"]),
  /** Higher ones are preferred among equals. */
  priority: Type.Integer(),
  /** Why it can't lead; empty where it can. */
  unfit: Type.String(),
  /** False where its data is not the cluster's: it is fresh, being rebuilt, or refused. Its position says nothing then. */
  hasHistory: Type.Boolean(),
  /** The newest epoch whose beginning is in its data. */
  dataEpoch: Epoch,
  gtid: Type.String(),
  /** It takes nothing from a master of this or an earlier epoch, and its position is final; empty while it takes. */
  closed: Type.Union([Epoch, Type.Literal("")]),
  /** The master of this epoch refuses its connections; empty where it does not. */
  refused: Type.Union([Epoch, Type.Literal("")]),
  /** How far it was behind when it last heard from a master, in ms; null where it does not know. */
  behindMs: Type.Union([Type.Number(), Type.Null()]),
  /** It was started as the master of a new cluster. */
  startsNewCluster: Type.Boolean(),
  /** The members that its data names. */
  knows: Type.Array(Type.String()),
});
export type MemberValue = Static<typeof MemberValue>;

/** For {@link parseValue}: every node reads all values several times a second. */
export const CHECKS = {
  leader: Compile(LeaderValue),
  sync: Compile(SyncValue),
  member: Compile(MemberValue),
} as const;

/** The value as the schema says; null where it is something else, as from another version or another program. */
export function parseValue<Context extends Type.TProperties, Schema extends Type.TSchema>(
  check: Validator<Context, Schema>,
  text: string,
): Static<Schema> | null {
  try {
    const value: unknown = JSON.parse(text);
    return check.Check(value) ? value : null;
  } catch {
    return null;
  }
}
