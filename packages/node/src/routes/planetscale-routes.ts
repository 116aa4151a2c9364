import { messageOf } from "@understudy/kernel";
import { HEADERS } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { callerOf } from "../access/caller.ts";
import { executorFor, requireStatementRight } from "../access/client-executor.ts";
import type { HttpServer } from "../http/create-server.ts";
import { atMaster, isPassedOn } from "../http/at-master.ts";
import { forwardToMaster } from "../http/forward-to-master.ts";
import { problemOfAny } from "../http/problem-answer.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { ForwardedWrites } from "../planetscale/forwarded-writes.ts";
import {
  databaseOf,
  PlanetscaleExecuteRequest,
  PlanetscaleSessionRequest,
  type PlanetscaleCall,
} from "../planetscale/planetscale-call.ts";
import {
  isQuery,
  runOnMaster,
  runRead,
  type PlanetscaleOutcome,
  type PlanetscaleReader,
} from "../planetscale/planetscale-master.ts";
import { transactionWordOf } from "../planetscale/transaction-words.ts";
import { vitessError } from "../planetscale/vitess-error.ts";
import { passReadGate } from "../reads/read-gate.ts";
import type { SlaveRole } from "../roles/slave-role.ts";
import { elapsedMs } from "./query-answer.ts";

const SERVICE = "/psdb.v1alpha1.Database";
const WAIT_MS = 5000;
/** As many as Vitess gives. */
const ROWS_MAX = 100_000;

/**
 * PlanetScale's HTTP interface, for `@planetscale/database` and what is built on it: `CreateSession` and `Execute`.
 * Errors are told as those drivers read them, not as problem documents.
 */
export function addPlanetscaleRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const { clock, logger } = runtime.services;
  const errorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOfAny(error, request);
    const fields = { event: "request-failed", requestId: request.id, code: problem.code };
    if (problem.code === "internal") logger.error({ ...fields, err: error }, messageOf(error));
    else logger.debug(fields, problem.detail);
    if (problem.status === 503) reply.header("retry-after", "1");
    reply.status(problem.status).send({ error: vitessError(problem) });
  };
  const forwarded = new WeakMap<SlaveRole, ForwardedWrites>();
  const writesOf = (role: SlaveRole): ForwardedWrites => {
    const known = forwarded.get(role) ?? new ForwardedWrites(runtime.running().executor.server.flavour, role);
    forwarded.set(role, known);
    return known;
  };
  server.post(
    `${SERVICE}/Execute`,
    { schema: { body: PlanetscaleExecuteRequest }, errorHandler },
    async (request, reply) => {
      const startedMs = clock.monotonicMs();
      const { query: sql, session } = request.body;
      const database = databaseOf(request.headers.authorization);
      const call: PlanetscaleCall = { sql, database, session: session ?? {} };
      const outcome = await whileConnected(request, (signal) =>
        atMaster<PlanetscaleOutcome | "forwarded">(runtime, signal, {
          goesOn: session?.transaction !== undefined,
          isPassedOn: isPassedOn(request),
          master: (role) =>
            runOnMaster({ role, owner: callerOf(request).name, ...readerFor(runtime, request) }, call),
          slave: (role) => runOnSlave(runtime, { request, reply, call, role, writes: writesOf(role) }),
        }),
      );
      if (outcome === "forwarded") return reply;
      if (outcome.session.position !== undefined) reply.header(HEADERS.position, outcome.session.position);
      return { ...outcome, timing: elapsedMs(clock.monotonicMs() - startedMs) / 1000 };
    },
  );
  server.post(
    `${SERVICE}/CreateSession`,
    { schema: { body: PlanetscaleSessionRequest }, errorHandler },
    async () => {
      runtime.running();
      return { session: {} };
    },
  );
}

interface SlaveCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly call: PlanetscaleCall;
  readonly role: SlaveRole;
  readonly writes: ForwardedWrites;
}

/** Answers reads outside of transactions from this node's own data, with all that their session or this node has written; the rest goes on. */
async function runOnSlave(
  runtime: NodeRuntime,
  { request, reply, call, role, writes }: SlaveCall,
): Promise<PlanetscaleOutcome | "forwarded"> {
  const { executor } = runtime.running();
  const { session, sql } = call;
  const isRead =
    session.transaction === undefined && transactionWordOf(sql) === null && isQuery(executor, sql);
  if (isRead) {
    const after = session.position ?? writes.position();
    const options = {
      consistency: "local",
      waitMs: WAIT_MS,
      ...(after === undefined ? {} : { after }),
    } as const;
    const pass = await whileConnected(request, (signal) => passReadGate(runtime, options, signal));
    if (pass.kind === "here") return runRead(readerFor(runtime, request), call);
  }
  await forwardToMaster(runtime, {
    role,
    request,
    reply,
    effect: isRead ? "read" : "write",
    send: async (forwarded, signal) => {
      const answer = await role.link.forward(forwarded, signal);
      const position = answer.headers[HEADERS.position];
      if (!isRead && answer.status === 200 && position !== undefined) writes.note(position);
      return answer;
    },
  });
  return "forwarded";
}

/** What a request's SQL runs on, under its caller's rights. */
function readerFor(runtime: NodeRuntime, request: FastifyRequest): PlanetscaleReader {
  const executor = executorFor(request, runtime.running().executor);
  const authorize = (sql: string): void => requireStatementRight(callerOf(request), executor, sql);
  return { executor, authorize, rowsMax: rowsMaxOf(runtime) };
}

function rowsMaxOf({ services }: NodeRuntime): number {
  return Math.min(ROWS_MAX, services.config.rowsMax);
}
