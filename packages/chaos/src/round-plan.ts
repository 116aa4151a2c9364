import type { Fault, Target } from "./fault.ts";
import type { AckMode } from "./write-client.ts";

/** What goes on when a fault comes. */
export const DURING = ["load", "switchover", "snapshot"] as const;
/** @see DURING */
export type During = (typeof DURING)[number];

/** One round of a drill. */
export interface RoundPlan {
  readonly round: number;
  /** Of all chance in the round. */
  readonly seed: number;
  readonly fault: Fault;
  readonly target: Target;
  readonly during: During;
  readonly ack: AckMode;
}
