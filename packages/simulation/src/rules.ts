/** Safety rules that can be switched off one at a time, so that the simulation shows that it would notice. */
export type BrokenRule =
  /** The lease's end is not looked at before a write is confirmed. */
  | "fence"
  /** Slaves take deliveries of any epoch. */
  | "epoch-check"
  /** Writes are confirmed without the acks that were agreed on. */
  | "acks"
  /** A candidate does not ask how many of those in sync are there. */
  | "quorum"
  /** Who is in sync is stored before they have acked all. */
  | "sync-order"
  /** Changes in the store are made whatever has changed meanwhile. */
  | "conditions"
  /** A node says that it is closed, but goes on taking. */
  | "closing"
  /** A master that can't ask the store goes on without asking the members. */
  | "promises";

/** All of them. */
export const BROKEN_RULES: readonly BrokenRule[] = [
  "fence",
  "epoch-check",
  "acks",
  "quorum",
  "sync-order",
  "conditions",
  "closing",
  "promises",
];

/** Which rule does not hold; null where all do. */
export interface Rules {
  readonly broken: BrokenRule | null;
}
