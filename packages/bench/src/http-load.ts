import autocannon from "autocannon";
import { systemClock } from "@understudy/kernel";
import type { LoadAmount, LoadResult, Statement } from "./statement-load.ts";

const TIMEOUT_S = 30;

/** Sends statements to `/execute` or `/query` of a node over kept connections, each with one request under way. */
export async function loadHttp(
  target: { readonly url: string; readonly path: "/execute" | "/query" },
  statements: readonly Statement[],
  amount: LoadAmount,
): Promise<LoadResult> {
  const startedMs = systemClock.monotonicMs();
  const result = await autocannon({
    url: target.url,
    connections: amount.connections,
    duration: amount.durationMs / 1000,
    timeout: TIMEOUT_S,
    requests: statements.map((statement) => ({
      method: "POST",
      path: target.path,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(statement),
    })),
  });
  return {
    confirmed: result["2xx"],
    failed: result.non2xx + result.errors,
    // what is under way at the end is cut off, not waited for
    unknownMax: amount.connections,
    tookMs: systemClock.monotonicMs() - startedMs,
  };
}
