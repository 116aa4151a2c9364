import type { WatchNews } from "./watch-message.ts";

/** Up to where a watch has told everything. */
export interface WatchPosition {
  /** Where the next connection begins; 0: with what comes next. */
  readonly nextRevision: bigint;
}

/** Nothing was told yet. */
export const START_OF_WATCH: WatchPosition = { nextRevision: 0n };

/** What follows from a message. */
export interface WatchStep {
  readonly position: WatchPosition;
  /** The keys to tell; null: nothing. None: anything may have changed. */
  readonly told: readonly string[] | null;
  /** False where the next connection is to begin anew, from the new position. */
  readonly goesOn: boolean;
}

/** What a watch does about a message. */
export function afterMessage(position: WatchPosition, message: WatchNews): WatchStep {
  switch (message.kind) {
    case "created":
      return afterCreated(position, message.revision);
    case "changes": {
      const told = message.keys.length > 0 ? message.keys : null;
      const next = message.revision === null ? 0n : message.revision + 1n;
      return {
        position: next > position.nextRevision ? { nextRevision: next } : position,
        told,
        goesOn: true,
      };
    }
    case "compacted":
      return { position: { nextRevision: message.revision }, told: [], goesOn: false };
    default:
      return message satisfies never;
  }
}

function afterCreated(position: WatchPosition, revision: bigint): WatchStep {
  const next = { nextRevision: revision + 1n };
  // what changed before the first connection stood was told by nobody
  if (position.nextRevision === 0n) return { position: next, told: [], goesOn: true };
  // A member that lags behind, or a cluster that was restored from a backup and counts anew: its watch would be silent until
  // it has caught up. Twice told is allowed, missed is not.
  if (next.nextRevision < position.nextRevision) return { position: next, told: [], goesOn: false };
  return { position, told: null, goesOn: true };
}
