import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { HttpServer } from "./http/create-server.ts";
import { REFUSAL_REASONS, type Admission } from "./http/admission.ts";
import { NODE_METRICS, type NodeMetric } from "./node-metrics.ts";
import type { NodeRuntime } from "./node-runtime.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Adds `GET /metrics` and what it counts. Labels are routes, statuses and members: their number is bounded. */
export function addMetrics(server: HttpServer, runtime: NodeRuntime): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: "understudy_http_request_duration_seconds",
    help: "Time from a request's arrival to its answer.",
    labelNames: ["method", "route", "status"],
    buckets: SECONDS,
    registers: [registry],
  });
  server.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
  for (const metric of NODE_METRICS) addNodeMetric(registry, runtime, metric);
  addMemberLag(registry, runtime);
  addLoad(registry, runtime.services.admission);
  server.get("/metrics", async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}

function addNodeMetric(registry: Registry, runtime: NodeRuntime, metric: NodeMetric): void {
  const { name, help } = metric;
  const read = (): number | null => {
    const role = runtime.current()?.role;
    return role ? metric.read(role) : null;
  };
  if (metric.kind === "value") {
    const gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => {
        gauge.set(read() ?? Number.NaN);
      },
    });
    return;
  }
  const counter = new Counter({
    name,
    help,
    registers: [registry],
    collect: () => {
      counter.reset();
      counter.inc(read() ?? 0);
    },
  });
}

function addMemberLag(registry: Registry, runtime: NodeRuntime): void {
  const gauge = new Gauge({
    name: "understudy_member_lag_seconds",
    help: "How far each member is behind, as the master sees it.",
    labelNames: ["member"],
    registers: [registry],
    collect: () => {
      gauge.reset();
      const role = runtime.current()?.role;
      if (role?.kind !== "master") return;
      for (const { nodeId, lag } of role.view().members) {
        if (lag.ms !== null) gauge.set({ member: nodeId }, lag.ms / 1000);
      }
    },
  });
}

function addLoad(registry: Registry, admission: Admission): void {
  const underWay = new Gauge({
    name: "understudy_client_requests",
    help: "Client requests under way.",
    registers: [registry],
    collect: () => {
      underWay.set(admission.requests);
    },
  });
  const bytes = new Gauge({
    name: "understudy_client_bodies_bytes",
    help: "Bytes that the bodies of client requests under way hold.",
    registers: [registry],
    collect: () => {
      bytes.set(admission.bodiesBytes);
    },
  });
  const refused = new Counter({
    name: "understudy_refused_total",
    help: "Client requests and connections that were refused at once, by what there was too much of.",
    labelNames: ["reason"],
    registers: [registry],
    collect: () => {
      refused.reset();
      for (const reason of REFUSAL_REASONS) refused.inc({ reason }, admission.refused[reason]);
    },
  });
}
