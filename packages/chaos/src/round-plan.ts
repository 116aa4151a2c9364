import type { Fault, Target } from "./fault.ts";
import type { AckMode } from "./write-client.ts";

/** One round of a drill. */
export interface RoundPlan {
  readonly round: number;
  /** Of all chance in the round. */
  readonly seed: number;
  readonly fault: Fault;
  readonly target: Target;
  readonly during: "load" | "switchover";
  readonly ack: AckMode;
}
