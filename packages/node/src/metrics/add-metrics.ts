import { HEADERS } from "@understudy/protocol";
import { openQuarantine } from "@understudy/quarantine";
import { REFUSAL_REASONS } from "../http/admission.ts";
import type { HttpServer } from "../http/create-server.ts";
import { requestOutcome } from "../http/request-outcome.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { NodeMetrics } from "./node-metrics.ts";
import { readRole } from "./read-role.ts";
import { OTHER } from "./value-cap.ts";

const QUARANTINE_STATES = ["open", "applied", "discarded"] as const;
const QUARANTINE_ENTRIES_MAX = 1000;
/** Node's parser lets more through. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Adds `GET /metrics`, counts requests, and has everything else read when it is asked for. */
export function addMetrics(server: HttpServer, runtime: NodeRuntime): void {
  const { metrics } = runtime.services;
  server.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    const method = METHODS.has(request.method) ? request.method : OTHER;
    metrics.observe(
      "understudy_http_request_duration_seconds",
      { method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    );
    const { code } = requestOutcome(request);
    if (code !== null) metrics.count("understudy_http_problems_total", { route, code });
    const isReplay = reply.getHeader(HEADERS.idempotencyReplayed) === "true";
    // the master has counted what it answered
    if (isReplay && !reply.hasHeader(HEADERS.forwardedBy))
      metrics.count("understudy_idempotency_replays_total", {});
  });
  metrics.onRead(() => readRole(metrics, runtime));
  metrics.onRead(() => readLoad(metrics, runtime));
  metrics.onRead(() => readQuarantine(metrics, runtime));
  metrics.onRead(() => readCertificates(metrics, runtime));
  server.get("/metrics", async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
}

function readLoad(metrics: NodeMetrics, { services }: NodeRuntime): void {
  const { admission, jobs } = services;
  metrics.set("understudy_client_requests", {}, admission.requests);
  metrics.set("understudy_client_bodies_bytes", {}, admission.bodiesBytes);
  for (const reason of REFUSAL_REASONS) {
    metrics.setTotal("understudy_refused_total", { reason }, admission.refused[reason]);
  }
  for (const { kind, state } of jobs.list()) {
    if (state === "running") metrics.set("understudy_jobs_running", { kind }, 1);
  }
}

function readCertificates(metrics: NodeMetrics, { services }: NodeRuntime): void {
  for (const [use, untilMs] of services.tls.ends())
    metrics.set("understudy_certificate_expiry_timestamp_seconds", { use }, untilMs / 1000);
}

async function readQuarantine(metrics: NodeMetrics, { services }: NodeRuntime): Promise<void> {
  const { config, clock } = services;
  const quarantine = await openQuarantine({ dataDir: config.dataDir, binlogProgram: null, clock });
  const { items } = await quarantine.list({ limit: QUARANTINE_ENTRIES_MAX });
  for (const state of QUARANTINE_STATES) {
    metrics.set(
      "understudy_quarantine_entries",
      { state },
      items.filter((entry) => entry.state === state).length,
    );
  }
}
