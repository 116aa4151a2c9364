import { isCodedError } from "@understudy/kernel";
import {
  BeginRequest,
  CommitRequest,
  HEADERS,
  TransactionExecuteRequest,
  TransactionQueryRequest,
  UnderstudyError,
  type AckLevel,
  type CommitAnswer,
  type TransactionAnswer,
} from "@understudy/protocol";
import type { Committed } from "@understudy/sql-executor";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { callerOf } from "../access/caller.ts";
import { executorFor, scopeOf } from "../access/client-executor.ts";
import { atMaster, isPassedOn } from "../http/at-master.ts";
import { forwardToMaster } from "../http/forward-to-master.ts";
import type { HttpServer } from "../http/create-server.ts";
import { inSpan } from "../tracing/in-span.ts";
import { requestOutcome } from "../http/request-outcome.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { MasterRole } from "../roles/master-role.ts";
import type { SlaveRole } from "../roles/slave-role.ts";
import { confirmWrite } from "../writes/confirm-write.ts";
import { parseIdempotencyKey } from "../writes/idempotency/idempotency-key.ts";
import { requestHash } from "../writes/idempotency/request-hash.ts";
import { elapsedMs } from "./query-answer.ts";

const WithId = Type.Object({ id: Type.String() });

/** What a call needs of Fastify. */
interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A call that names its transaction. */
interface OfTransaction extends Call {
  readonly request: FastifyRequest<{ Params: { id: string } }>;
}

/** `POST /transactions` and what is below it: on the master, or passed on to it. */
export function addTransactionRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const onMaster = <Answer>(call: OfTransaction, run: (role: MasterRole) => Promise<Answer>) =>
    answerOnMaster(runtime, { ...call, goesOn: true }, async (role) => {
      role.transactions.checkOwner(call.request.params.id, callerOf(call.request).name);
      return run(role);
    });
  server.post("/transactions", { schema: { body: BeginRequest } }, (request, reply) =>
    answerOnMaster(runtime, { request, reply, goesOn: false }, async ({ transactions }) => {
      const executor = executorFor(request, runtime.running().executor);
      const owner = callerOf(request).name;
      const begun = await transactions.begin({ ...request.body, executor, owner });
      requestOutcome(request).transactionId = begun.id;
      reply.status(201);
      return begun;
    }),
  );
  const query = { schema: { params: WithId, body: TransactionQueryRequest } };
  server.post("/transactions/:id/query", query, (request, reply) =>
    onMaster({ request, reply }, ({ transactions }) =>
      inSpan("sql query", {}, () => transactions.query(request.params.id, request.body)),
    ),
  );
  const execute = { schema: { params: WithId, body: TransactionExecuteRequest } };
  server.post("/transactions/:id/execute", execute, (request, reply) =>
    onMaster({ request, reply }, ({ transactions }) =>
      inSpan("sql execute", {}, () => transactions.execute(request.params.id, request.body)),
    ),
  );
  const commit = { schema: { params: WithId, body: CommitRequest } };
  server.post("/transactions/:id/commit", commit, (request, reply) =>
    onMaster({ request, reply }, async (role): Promise<CommitAnswer> => {
      const { id } = request.params;
      const { clock } = runtime.services;
      role.acks.check(request.body);
      const startedMs = clock.monotonicMs();
      const committed = await inSpan("sql commit", {}, () =>
        commitOnce(role, request, { id, ack: request.body.ack }),
      );
      const timeMs = elapsedMs(clock.monotonicMs() - startedMs);
      const receipt = await confirmWrite(role, committed, request.body);
      if (committed.isReplayed) reply.header(HEADERS.idempotencyReplayed, "true");
      reply.header(HEADERS.position, receipt.position);
      return { id, state: "committed", ...receipt, timeMs };
    }),
  );
  server.post("/transactions/:id/rollback", { schema: { params: WithId } }, (request, reply) =>
    onMaster({ request, reply }, ({ transactions }) => transactions.rollback(request.params.id)),
  );
  server.get("/transactions/:id", { schema: { params: WithId } }, (request, reply) =>
    tell(runtime, { request, reply }, request.params.id),
  );
}

/** Commits; under an idempotency key a later try is told the same instead of `transaction-expired`. */
async function commitOnce(
  role: MasterRole,
  request: FastifyRequest,
  { id, ack }: { readonly id: string; readonly ack: AckLevel | undefined },
): Promise<Committed & { readonly isReplayed: boolean }> {
  const positionOf = (gtid: string | null): string => role.noteWrite(gtid);
  const key = parseIdempotencyKey(request.headers[HEADERS.idempotencyKey]);
  if (key === null)
    return { ...(await role.transactions.commit(id, { positionOf, ack })), isReplayed: false };
  const hash = requestHash(`/transactions/${id}/commit${scopeOf(callerOf(request))}`, request.body);
  const answer = { id, state: "committed" };
  return whileConnected(request, (signal) =>
    role.keyed.run({ key, hash, status: 200, signal }, async (keep) => {
      const committed = await role.transactions.commit(id, { positionOf, ack, alsoKeep: keep(answer) });
      return { ...committed, answer };
    }),
  );
}

async function answerOnMaster<Answer>(
  runtime: NodeRuntime,
  { request, reply, goesOn }: Call & { readonly goesOn: boolean },
  run: (role: MasterRole) => Promise<Answer>,
): Promise<Answer | FastifyReply> {
  return whileConnected(request, (signal) =>
    atMaster<Answer | FastifyReply>(runtime, signal, {
      goesOn,
      isPassedOn: isPassedOn(request),
      master: run,
      slave: (role) => forwardToMaster(runtime, { role, request, reply, effect: "write" }),
    }),
  );
}

/**
 * Where it stands, in the master's words. Without elections a slave without a master can still tell what its own copy shows; with them
 * the next master might know better.
 */
async function tell(
  runtime: NodeRuntime,
  { request, reply }: Call,
  id: string,
): Promise<TransactionAnswer | FastifyReply> {
  return whileConnected(request, (signal) =>
    atMaster<TransactionAnswer | FastifyReply>(runtime, signal, {
      goesOn: true,
      isPassedOn: isPassedOn(request),
      master: (role) => role.transactions.tell(id),
      slave: async (role) => {
        try {
          return await forwardToMaster(runtime, { role, request, reply, effect: "read" });
        } catch (error) {
          if (!isCodedError(error, "no-leader") && !isCodedError(error, "node-unreachable")) throw error;
          if (runtime.services.config.hasElections) throw error;
          return await tellFromHere(role, id, error);
        }
      },
    }),
  );
}

async function tellFromHere(role: SlaveRole, id: string, cause: unknown): Promise<TransactionAnswer> {
  const end = await role.findTransactionEnd(id);
  // who else has it only a master knows
  if (end) return { id, ...end, confirmed: end.state === "committed" ? false : null, expiresAt: null };
  throw new UnderstudyError(
    "no-leader",
    "no master answers, and this node's own copy does not tell whether the transaction was committed",
    { cause },
  );
}
