import { UnderstudyError } from "@understudy/protocol";
import Type from "typebox";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { Role } from "../roles/role.ts";

const LagLimit = Type.Object(
  { maxLagMs: Type.Optional(Type.Integer({ minimum: 0 })) },
  { additionalProperties: false },
);

/** `GET /health/live`, `/health/ready`, `/health/master`, `/health/slave`: 200 or 503, for load balancers and orchestrators. */
export function addHealthRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const { nodeId } = runtime.services.identity;
  const ok = { status: "ok", nodeId };
  server.get("/health/live", async () => ok);
  server.get("/health/ready", { schema: { querystring: LagLimit } }, async ({ query }) => {
    const { executor, role } = runtime.running();
    checkUsable(role, query.maxLagMs);
    await executor.withAdmin((session) => session.rows("SELECT 1 AS one"), { timeoutMs: 2000 });
    return ok;
  });
  server.get("/health/master", async () => {
    const { role } = runtime.running();
    if (role.kind !== "master") throw new UnderstudyError("no-leader", `${nodeId} is a slave`);
    checkUsable(role, undefined);
    return ok;
  });
  server.get("/health/slave", { schema: { querystring: LagLimit } }, async ({ query }) => {
    const { role } = runtime.running();
    if (role.kind !== "slave") throw new UnderstudyError("no-leader", `${nodeId} is the master`);
    checkUsable(role, query.maxLagMs);
    return ok;
  });
}

function checkUsable(role: Role, maxLagMs: number | undefined): void {
  const problem = role.problem();
  if (problem !== null) throw new UnderstudyError("starting", problem);
  if (maxLagMs === undefined) return;
  const lagMs = role.lagMs();
  if (lagMs === null || lagMs > maxLagMs) {
    throw new UnderstudyError("too-stale", `the lag is ${lagMs ?? "unknown"} ms, the limit ${maxLagMs} ms`);
  }
}
