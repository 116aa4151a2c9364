import { faultNamed } from "./fault-list.ts";
import type { Fault } from "./fault.ts";

/**
 * Rules that a cluster of a drill may do without (see `UNDERSTUDY_UNSAFE_BROKEN_RULE` in the node), each with a fault that shows within
 * a few rounds what happens then.
 */
const SHOWN_BY = {
  fence: "partition-all",
  "epoch-check": "false-death",
  acks: "partition-all",
  "sync-order": "double-death",
} as const;

/** @see SHOWN_BY */
export type BrokenRule = keyof typeof SHOWN_BY;

/** All of them. */
export const BROKEN_RULES: readonly BrokenRule[] = ["fence", "epoch-check", "acks", "sync-order"];

/** The fault that hits this rule hardest. */
export function faultAgainst(rule: BrokenRule): Fault {
  return faultNamed(SHOWN_BY[rule]);
}
