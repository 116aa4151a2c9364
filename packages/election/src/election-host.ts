import type { MemberValue } from "./cluster-keys.ts";
import type { Leader } from "./cluster-state.ts";

/** What a node tells of itself in the store, but for what the election knows better. */
export type NodeDescription = Omit<MemberValue, "closed" | "refused">;

/** A master's slaves, as far as it matters which of them are in sync. */
export interface SlavesInSync {
  /** All that the cluster knows, up or down. */
  readonly slaves: readonly string[];
  /** Those that take what is delivered. */
  readonly following: readonly string[];
  /** How many acks confirm a write by default. */
  readonly acks: number;
}

/** A condition on acks: so many of these must have acked. */
export interface AckSet {
  readonly members: readonly string[];
  readonly acks: number;
}

/**
 * What an election needs of the node that it decides for. Calls come one after another, but for `stepDown`, which may come
 * while `lead` is under way and then ends it.
 */
export interface ElectionHost {
  /** Called at least once a second. Must not wait for long. Rejects where it can't be told now: then others do without this node. */
  describe(signal: AbortSignal): Promise<NodeDescription>;
  /** Another node leads, or nobody does. Must return at once. */
  follow(leader: Leader | null): void;
  /**
   * Takes nothing any more from a master of this or an earlier epoch, remembered over a restart, and resolves when all that was
   * taken before is committed or given up: from then on the node acks nothing, and `describe` tells its final position.
   */
  close(epoch: bigint, signal: AbortSignal): Promise<void>;
  /** Takes again what the leader of this epoch sends. */
  reopen(epoch: bigint): Promise<void>;
  /** Becomes the master. Rejects where it can't; then nothing was confirmed in this epoch. */
  lead(epoch: bigint, signal: AbortSignal): Promise<void>;
  /** Fences itself: when this resolves the node accepts no write. Ends the process where that can't be had in time. */
  stepDown(because: string): Promise<void>;
  /** Whether the leader's deliveries have broken and its address refuses connections, which a live node never does. */
  leaderRefuses(leader: Leader, signal: AbortSignal): Promise<boolean>;
  /**
   * Asks every member that the cluster knows, by itself, whether it accepts no other master than this one, and tells whether commits are
   * stalled here (see {@link stalled}). True where all say so.
   */
  allAgree(epoch: bigint, signal: AbortSignal): Promise<boolean>;
  /** While it leads. */
  slavesInSync(): SlavesInSync;
  /** Resolves when all that is committed here by now has been acked so. */
  acked(set: AckSet, signal: AbortSignal): Promise<void>;
  /**
   * Why commits do not go through; null while they do. Where they hang, this node tells no history of its own for a while after its lead: what
   * nobody has but it would make it the next master, which could do nothing either.
   */
  stalled(): string | null;
  /**
   * Why a write that is committed here could not be confirmed: too few slaves can be reached, or what is committed can't be read from the
   * binlog. Null while it could. Where the slaves could elect another master, the lead is given back; this node then tells no history of its
   * own for a while, so that what nobody has but it does not make it the next one.
   */
  unheard(): string | null;
  /** What the election has just decided, when it differs from the last time. */
  note(sentence: string): void;
}
