import type { GtidPosition } from "@understudy/binlog";
import type { ChangeSignal } from "@understudy/kernel";
import type { EpochHistory } from "./epoch-history.ts";

/** What the gate of reads needs of a role's data. */
export interface ReadSource {
  /** Everything up to here is in what a query sees that begins now. */
  readonly visible: GtidPosition;
  /** Resolves as soon as `wanted` is contained in {@link visible}; rejects with the signal's reason. */
  reached(wanted: GtidPosition, signal: AbortSignal): Promise<void>;
  /** All that a query may have seen before this call, asked from the server. */
  askSeen(): Promise<GtidPosition>;
  readonly epochs: EpochHistory;
  /** Notified when the role's epoch has grown, or more is known of the epochs. */
  readonly epochChanged: ChangeSignal;
  /** Notified when more has been replicated, so that there may be more to know of the epochs. */
  readonly delivered: ChangeSignal;
  /** Aborts when the role ends, with an error that says so. */
  readonly ended: AbortSignal;
}

/** What the gate needs of a slave's data besides. */
export interface FollowingSource extends ReadSource {
  /** The data is not older than this; null where that can't be known. */
  staleBoundMs(): number | null;
  /** Asks the master where it is, in one question that all share who ask meanwhile; null where it gives no good answer. */
  askMaster(signal: AbortSignal): Promise<AskedPosition | null>;
}

/** The master's own word on its position. */
export interface AskedPosition {
  readonly position: GtidPosition;
  /** This node's monotonic time before the question was sent. */
  readonly askedAtMs: number;
}
