import type { NodeServices } from "../node-services.ts";
import type { EndedJob } from "./job-board.ts";

/** Tells of a job that has ended wherever people look: whoever began it may be gone. */
export function noteJobEnd(
  { metrics, logger, events }: Pick<NodeServices, "metrics" | "logger" | "events">,
  { kind, result, error, tookMs }: EndedJob,
): void {
  metrics.observe("understudy_job_duration_seconds", { kind, result }, tookMs / 1000);
  if (error === null) return;
  logger.warn({ event: "job-failed", kind }, `the ${kind} failed: ${error}`);
  // a rebuild tells of itself, with what was to become of the data
  if (kind === "switchover") events.record("error", `the switchover failed: ${error}`);
}
