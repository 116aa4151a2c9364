import { median } from "./statistics.ts";

/** Ours beside a peer: the same thing measured on both in the same rounds. */
export interface Comparison {
  readonly measure: string;
  readonly peer: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** One value a round, as those of the peer. */
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** A figure that has no peer. */
export interface Observation {
  readonly measure: string;
  readonly unit: string;
  readonly value: number;
}

/** What a suite found on one flavour. */
export interface SuiteResult {
  readonly comparisons: readonly Comparison[];
  readonly observations: readonly Observation[];
  /** What makes the run a failure, in sentences: rows that differ, requests that failed. */
  readonly problems: readonly string[];
}

/** How many times as good as the peer ours was, round by round: above 1 is better, whatever is measured. */
export function ratiosOf(comparison: Comparison): readonly number[] {
  return comparison.ours.flatMap((ours, round) => {
    const theirs = comparison.theirs[round];
    if (theirs === undefined) return [];
    return [comparison.better === "higher" ? ours / theirs : theirs / ours];
  });
}

/** The median of {@link ratiosOf}: each round is compared with itself, so that a busy minute counts for both. */
export function ratioOf(comparison: Comparison): number {
  return median(ratiosOf(comparison));
}
