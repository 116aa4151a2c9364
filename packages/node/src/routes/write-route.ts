import type { ForwardAnswer } from "@understudy/client";
import { HEADERS, UnderstudyError } from "@understudy/protocol";
import type { SqlExecutor } from "@understudy/sql-executor";
import type { FastifyReply, FastifyRequest } from "fastify";
import type Type from "typebox";
import type { HttpServer } from "../http/create-server.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { SlaveRole } from "../roles/slave-role.ts";

/** What a write did: the GTID of its transaction, and the answer but for its position. */
export interface Written {
  readonly gtid: string | null;
  readonly answer: object;
}

/** A route whose requests change data. */
export interface WriteRoute<Schema extends Type.TSchema> {
  readonly path: string;
  readonly body: Schema;
  /** Status of success; default 200. */
  readonly status?: number;
  readonly run: (executor: SqlExecutor, body: Type.Static<Schema>) => Promise<Written>;
}

/** Headers that go on with a forwarded request. */
const FORWARDED_HEADERS = ["authorization", HEADERS.idempotencyKey] as const;

/** Adds a route that runs on the master, and is passed on to it by a slave, once. */
export function addWriteRoute<Schema extends Type.TSchema>(
  server: HttpServer,
  runtime: NodeRuntime,
  route: WriteRoute<Schema>,
): void {
  const schema: { body: Type.TSchema } = { body: route.body };
  server.post(route.path, { schema }, async (request, reply) => {
    const { executor, role } = runtime.running();
    if (role.kind === "slave")
      return forward({ role, nodeId: runtime.services.identity.nodeId, request, reply });
    // the validator has checked it against this very schema
    const body = request.body as Type.Static<Schema>;
    const { gtid, answer } = await route.run(executor, body);
    const position = role.noteWrite(gtid);
    reply.header(HEADERS.position, position).status(route.status ?? 200);
    return { ...answer, position };
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
