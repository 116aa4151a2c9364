import { UnderstudyError } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { callerOf } from "../access/caller.ts";
import type { HttpServer } from "../http/create-server.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { onBehalfOf } from "../peers/on-behalf.ts";
import type { MasterRole } from "../roles/master-role.ts";
import { askMember } from "./ask-member.ts";
import { streamEvents } from "./event-stream.ts";

const OfNode = Type.Object({ id: Type.String({ minLength: 1 }) });
const EventRange = Type.Object(
  {
    after: Type.Integer({ minimum: 0, default: 0 }),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  },
  { additionalProperties: false },
);

/** `GET /ping`, `GET /cluster` and what is below it. */
export function addClusterRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const { identity, events } = runtime.services;
  const stopping = stoppingSignal(server);
  server.get("/ping", async () => {
    const running = runtime.current();
    const common = {
      nodeId: identity.nodeId,
      uptimeSeconds: runtime.uptimeSeconds(),
      version: identity.version,
      instance: identity.instance,
    };
    if (!running) {
      const { role } = runtime.services.config;
      return { status: "starting", ...common, clusterId: "", role, epoch: "0", position: "0:" };
    }
    const { role } = running;
    return {
      status: role.problem() === null ? "ok" : "degraded",
      ...common,
      clusterId: role.clusterId,
      role: role.kind,
      epoch: role.epoch.toString(),
      position: role.positionText(),
    };
  });
  server.get("/cluster", async (request) => {
    const view = runtime.running().role.view();
    // they name tables of every database
    return callerOf(request).databases === null ? view : { ...view, warnings: [] };
  });
  server.get("/cluster/events", { schema: { querystring: EventRange } }, async (request, reply) => {
    const { after, limit } = request.query;
    const follows = request.headers.accept?.includes("text/event-stream") === true;
    if (!follows || request.method === "HEAD") return events.list({ after, limit });
    return streamEvents(reply, { events, after, signal: stopping });
  });
  server.delete("/cluster/nodes/:id", { schema: { params: OfNode } }, async ({ params }) => {
    await masterOf(runtime).members.remove(params.id);
    return { removed: params.id };
  });
  server.post("/cluster/nodes/:id/pause", { schema: { params: OfNode } }, async ({ params }) => {
    masterOf(runtime).members.pause(params.id);
    return { paused: params.id };
  });
  server.post("/cluster/nodes/:id/rebuild", { schema: { params: OfNode } }, (request, reply) =>
    rebuild(runtime, request, reply),
  );
  server.post("/cluster/nodes/:id/resume", { schema: { params: OfNode } }, async ({ params }) => {
    const { role } = runtime.running();
    if (role.kind === "slave" && params.id === identity.nodeId) await role.resume();
    else masterOf(runtime).members.resume(params.id);
    return { resumed: params.id };
  });
}

/** Has a member take a fresh copy; asked of any node. */
async function rebuild(
  runtime: NodeRuntime,
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
): Promise<object> {
  const nodeId = request.params.id;
  const { role } = runtime.running();
  if (nodeId === runtime.services.identity.nodeId) {
    if (role.kind === "master") {
      throw new UnderstudyError(
        "promotion-blocked",
        `${nodeId} is the master, from which copies are made; hand its lead over first (POST /cluster/switchover)`,
      );
    }
    role.requestRebuild();
  } else {
    await askMember(runtime, nodeId, (client) => client.rebuild(nodeId, { headers: onBehalfOf(request) }));
  }
  reply.status(202);
  return { rebuilding: nodeId };
}

function masterOf(runtime: NodeRuntime): MasterRole {
  const { role } = runtime.running();
  if (role.kind === "master") return role;
  const leader = role.view().leader?.url ?? null;
  throw new UnderstudyError(
    "no-leader",
    `only the master can do this; it is at ${leader ?? "an unknown address"}`,
    {
      details: { leader },
    },
  );
}
