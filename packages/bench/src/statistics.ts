import { invariant } from "@understudy/kernel";

/** The value below which the share `rank` (0…1) of all values lies: the nearest one that was measured. Needs at least one value. */
export function percentile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const value = sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)];
  invariant(value !== undefined, "a percentile of no values was asked for");
  return value;
}

/** The middle value; of an even number of values the mean of the middle two. Needs at least one value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  invariant(upper !== undefined && lower !== undefined, "a median of no values was asked for");
  return (lower + upper) / 2;
}
