import type { Target } from "./fault.ts";
import type { During } from "./round-plan.ts";

/** What came of one round. Times in ms. */
export interface RoundResult {
  readonly round: number;
  readonly flavour: string;
  /** Of the round's own chance. */
  readonly seed: number;
  readonly fault: string;
  readonly target: Target | null;
  /** The node that was hit; null where none was. */
  readonly hit: string | null;
  readonly during: During;
  /** The longest time without a confirmed write, from the fault to the end of the round. */
  readonly gapMs: number;
  /** How long after the fault it began. */
  readonly gapAfterMs: number;
  readonly confirmed: number;
  readonly unconfirmed: number;
  readonly keptUnconfirmed: number;
  /** Writes that were answered as not done after all of their tries. */
  readonly failed: number;
  /** Writes that needed more than one try. */
  readonly retried: number;
  /** Confirmed, not there, and in no quarantine that may hold it. */
  readonly lost: number;
  /** Confirmed without acks, and in a quarantine instead of the history. */
  readonly quarantined: number;
  readonly doubled: number;
  readonly twoMasters: number;
  /** Nodes that did not come back by themselves, with the reason. */
  readonly outside: readonly string[];
  /** What must not have happened, in sentences. */
  readonly violations: readonly string[];
  /** Name of the file with what happened when. */
  readonly timeline: string;
}
