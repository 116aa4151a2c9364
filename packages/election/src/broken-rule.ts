/**
 * Safety rules that can be switched off one at a time, so that simulations and drills show that they would notice. Nobody else may: what
 * is promised to users rests on every one of them.
 */
export const BROKEN_RULES = [
  /** The lease's end is not looked at: a node leads on until it reads that another one does. */
  "fence",
  /** Slaves take deliveries of any epoch. */
  "epoch-check",
  /** Writes are confirmed without the acks that were agreed on. */
  "acks",
  /** A candidate does not ask how many of those in sync are there. */
  "quorum",
  /** Who is in sync is stored before they have acked all. */
  "sync-order",
  /** Changes in the store are made whatever has changed meanwhile. */
  "conditions",
  /** A node says that it is closed, but goes on taking. */
  "closing",
  /** A master that can't ask the store goes on without asking the members. */
  "promises",
] as const;

/** One of {@link BROKEN_RULES}. */
export type BrokenRule = (typeof BROKEN_RULES)[number];
