import type { Timeline } from "./timeline.ts";
import type { WriteRecord } from "./write-record.ts";

const SLOW_MS = 700;
const TOLD_MAX = 200;

/** Puts into the timeline when those writes ended that took long or more than one try, the first 200 of them. */
export function tellSlowWrites(timeline: Pick<Timeline, "tellAt">, records: readonly WriteRecord[]): void {
  const slow = records.filter(
    ({ failures, returnedMs, invokedMs }) => failures.length > 0 || returnedMs - invokedMs > SLOW_MS,
  );
  for (const { id, outcome, failures, returnedMs, invokedMs } of slow.slice(0, TOLD_MAX)) {
    const tookMs = (returnedMs - invokedMs).toFixed(0);
    const why = failures.length === 0 ? "" : `: ${[...new Set(failures)].join(", ")}`;
    timeline.tellAt(returnedMs, `write ${id} ${outcome} after ${tookMs} ms${why}`);
  }
}
