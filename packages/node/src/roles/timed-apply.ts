import { trace } from "@opentelemetry/api";
import type { ApplyOutcome } from "@understudy/applier";
import type { Clock } from "@understudy/kernel";
import { errorCodeOf } from "@understudy/protocol";
import type { NodeMetrics } from "../metrics/node-metrics.ts";
import { inSpan } from "../tracing/in-span.ts";

/** Takes a delivery in, and notes how long that took. Heartbeats, which carry nothing, are left out. */
export async function timedApply(
  metrics: NodeMetrics,
  clock: Clock,
  apply: () => Promise<ApplyOutcome>,
): Promise<ApplyOutcome> {
  const startedMs = clock.monotonicMs();
  const note = (result: string): void =>
    metrics.observe(
      "understudy_apply_duration_seconds",
      { result },
      (clock.monotonicMs() - startedMs) / 1000,
    );
  try {
    // one that belongs to no trace needs no span: heartbeats are of that kind
    const outcome = await (trace.getActiveSpan() ? inSpan("apply", {}, apply) : apply());
    if (outcome.applied > 0) note("ok");
    return outcome;
  } catch (error) {
    note(errorCodeOf(error));
    throw error;
  }
}
