import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { HttpServer } from "./http/create-server.ts";
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
  addRoleGauges(registry, runtime);
  addSlaveMetrics(registry, runtime);
  addMasterMetrics(registry, runtime);
  server.get("/metrics", async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}

function addRoleGauges(registry: Registry, runtime: NodeRuntime): void {
  gauge(registry, "understudy_is_master", "1 on the master, 0 on a slave.", () => {
    const running = runtime.current();
    return running ? Number(running.role.kind === "master") : null;
  });
  gauge(registry, "understudy_epoch", "Epoch that this node knows.", () => {
    const running = runtime.current();
    return running ? Number(running.role.epoch) : null;
  });
  gauge(registry, "understudy_lag_seconds", "How far this node is behind the master.", () => {
    const lagMs = runtime.current()?.role.lagMs() ?? null;
    return lagMs === null ? null : lagMs / 1000;
  });
  gauge(registry, "understudy_healthy", "1 where this node can do what its role asks.", () =>
    Number(runtime.current()?.role.problem() === null),
  );
}

function addSlaveMetrics(registry: Registry, runtime: NodeRuntime): void {
  counter(registry, "understudy_applied_transactions_total", "Transactions applied on this slave.", () => {
    const role = runtime.current()?.role;
    return role?.kind === "slave" ? role.applier.stats.transactions : null;
  });
  counter(registry, "understudy_applied_bytes_total", "Bytes of binlog applied on this slave.", () => {
    const role = runtime.current()?.role;
    return role?.kind === "slave" ? role.applier.stats.bytes : null;
  });
}

function addMasterMetrics(registry: Registry, runtime: NodeRuntime): void {
  const queue = () => {
    const role = runtime.current()?.role;
    return role?.kind === "master" ? role.queue : null;
  };
  const windowHelp = "in the master's replication window.";
  gauge(
    registry,
    "understudy_window_transactions",
    `Transactions ${windowHelp}`,
    () => queue()?.held.transactions,
  );
  gauge(registry, "understudy_window_bytes", `Bytes ${windowHelp}`, () => queue()?.held.bytes);
  counter(
    registry,
    "understudy_binlog_read_bytes_total",
    "Bytes read from the master's binlog.",
    () => queue()?.bytesRead,
  );
  const memberLag = new Gauge({
    name: "understudy_member_lag_seconds",
    help: "How far each member is behind, as the master sees it.",
    labelNames: ["member"],
    registers: [registry],
    collect() {
      memberLag.reset();
      const role = runtime.current()?.role;
      if (role?.kind !== "master") return;
      for (const { nodeId, lag } of role.view().members) {
        if (lag.ms !== null) memberLag.set({ member: nodeId }, lag.ms / 1000);
      }
    },
  });
}

function gauge(registry: Registry, name: string, help: string, read: () => number | null | undefined): void {
  const metric = new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      metric.set(read() ?? Number.NaN);
    },
  });
}

/** A total that is kept elsewhere; it starts over with the role, which Prometheus takes for a restart. */
function counter(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | null | undefined,
): void {
  const metric = new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      metric.reset();
      metric.inc(read() ?? 0);
    },
  });
}
