import type { ForwardAnswer } from "@understudy/client";
import { HEADERS, UnderstudyError, type WRITE_OPTIONS } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import type Type from "typebox";
import type { HttpServer } from "../http/create-server.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { SlaveRole } from "../roles/slave-role.ts";
import { confirmWrite } from "../writes/confirm-write.ts";
import { runPlan } from "../writes/run-plan.ts";
import type { WritePlan } from "../writes/write-plan.ts";
import { elapsedMs } from "./query-answer.ts";

/** The body of every write. */
type WriteBody = Type.TObject<typeof WRITE_OPTIONS>;

/** A route whose requests change data. */
export interface WriteRoute<Schema extends WriteBody> {
  readonly path: string;
  readonly body: Schema;
  /** Status of success; default 200. */
  readonly status?: number;
  readonly plan: (body: Type.Static<Schema>) => WritePlan;
}

/** Headers that go on with a forwarded request. */
const FORWARDED_HEADERS = ["authorization", HEADERS.idempotencyKey] as const;

/** Adds a route that runs on the master, and is passed on to it by a slave, once. */
export function addWriteRoute<Schema extends WriteBody>(
  server: HttpServer,
  runtime: NodeRuntime,
  route: WriteRoute<Schema>,
): void {
  const { clock } = runtime.services;
  const schema: { body: Type.TSchema } = { body: route.body };
  server.post(route.path, { schema }, async (request, reply) => {
    const { executor, role } = runtime.running();
    if (role.kind === "slave")
      return forward({ role, nodeId: runtime.services.identity.nodeId, request, reply });
    // the validator has checked it against this very schema
    const body = request.body as Type.Static<Schema>;
    const clockMs = clock.monotonicMs();
    const { answer, ...committed } = await runPlan(executor, route.plan(body));
    const timeMs = elapsedMs(clock.monotonicMs() - clockMs);
    const receipt = await confirmWrite(role, committed, body);
    reply.header(HEADERS.position, receipt.position).status(route.status ?? 200);
    return { ...answer, ...receipt, timeMs };
  });
}

interface Forwarding {
  readonly role: SlaveRole;
  readonly nodeId: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function forward({ role, nodeId, request, reply }: Forwarding): Promise<FastifyReply> {
  const before = request.headers[HEADERS.forwardedBy];
  if (before !== undefined) {
    throw new UnderstudyError(
      "forward-loop",
      `${String(before)} forwarded this write to ${nodeId}, which is not the master either`,
      { details: { leader: role.view().leader?.url ?? null } },
    );
  }
  const headers: Record<string, string> = {
    "content-type": "application/json",
    [HEADERS.requestId]: request.id,
    [HEADERS.forwardedBy]: nodeId,
  };
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const body = JSON.stringify(request.body);
  // the master goes on with a write whose client has gone; only the wait for its answer ends
  const answer = await whileConnected(request, (signal) =>
    role.forward({ method: request.method, path: request.url, headers, body }, signal),
  );
  return passOn(answer, nodeId, reply);
}

function passOn(answer: ForwardAnswer, nodeId: string, reply: FastifyReply): FastifyReply {
  for (const [name, value] of Object.entries(answer.headers)) {
    if (name.startsWith("access-control-") || name === "vary") continue;
    reply.header(name, value);
  }
  return reply.header(HEADERS.forwardedBy, nodeId).status(answer.status).send(answer.body);
}
