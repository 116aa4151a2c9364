import { UnderstudyError } from "@understudy/protocol";
import Type from "typebox";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime, RunningNode } from "../node-runtime.ts";

const LagLimit = Type.Object(
  { maxLagMs: Type.Optional(Type.Integer({ minimum: 0 })) },
  { additionalProperties: false },
);

const PROBE_TIMEOUT_MS = 2000;

/** `GET /health/live`, `/health/ready`, `/health/master`, `/health/slave`: 200 or 503, for load balancers and orchestrators. */
export function addHealthRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const { nodeId } = runtime.services.identity;
  const ok = { status: "ok", nodeId };
  server.get("/health/live", async () => ok);
  server.get("/health/ready", { schema: { querystring: LagLimit } }, async ({ query }) => {
    await checkReadable(runtime.running(), query.maxLagMs);
    return ok;
  });
  server.get("/health/master", async () => {
    const running = runtime.running();
    if (running.role.kind !== "master") throw new UnderstudyError("no-leader", `${nodeId} is a slave`);
    running.election.checkLeads(running.role.epoch);
    await checkReadable(running, undefined);
    return ok;
  });
  server.get("/health/slave", { schema: { querystring: LagLimit } }, async ({ query }) => {
    const running = runtime.running();
    if (running.role.kind !== "slave") throw new UnderstudyError("no-leader", `${nodeId} is the master`);
    await checkReadable(running, query.maxLagMs);
    return ok;
  });
}

async function checkReadable({ role, executor }: RunningNode, maxLagMs: number | undefined): Promise<void> {
  const reason = role.unreadable();
  if (reason !== null) throw new UnderstudyError("starting", reason);
  const lagMs = role.lagMs();
  if (maxLagMs !== undefined && (lagMs === null || lagMs > maxLagMs)) {
    throw new UnderstudyError("too-stale", `the lag is ${lagMs ?? "unknown"} ms, the limit ${maxLagMs} ms`);
  }
  await executor.withAdmin((session) => session.rows("SELECT 1 AS one"), { timeoutMs: PROBE_TIMEOUT_MS });
}
