import { HEADERS, type WRITE_OPTIONS } from "@understudy/protocol";
import type Type from "typebox";
import type { SqlExecutor } from "@understudy/sql-executor";
import { callerOf } from "../access/caller.ts";
import { executorFor, requireStatementRight, scopeOf } from "../access/client-executor.ts";
import { atMaster, isPassedOn } from "../http/at-master.ts";
import type { HttpServer } from "../http/create-server.ts";
import { requestOutcome } from "../http/request-outcome.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { MasterRole } from "../roles/master-role.ts";
import { confirmWrite } from "../writes/confirm-write.ts";
import { forwardWrite } from "../writes/forward-write.ts";
import { newForwardingKey, parseIdempotencyKey } from "../writes/idempotency/idempotency-key.ts";
import { requestHash } from "../writes/idempotency/request-hash.ts";
import { runKeyedPlan } from "../writes/idempotency/run-keyed-plan.ts";
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
  /** Statements of the client's own, each of which needs a right of its own. */
  readonly statements?: (body: Type.Static<Schema>) => readonly string[];
  readonly plan: (body: Type.Static<Schema>) => WritePlan;
}

/** Adds a route that runs on the master, and is passed on to it by a slave, once. */
export function addWriteRoute<Schema extends WriteBody>(
  server: HttpServer,
  runtime: NodeRuntime,
  route: WriteRoute<Schema>,
): void {
  const { clock } = runtime.services;
  const schema: { body: Type.TSchema } = { body: route.body };
  server.post(route.path, { schema }, async (request, reply) => {
    const ownKey = parseIdempotencyKey(request.headers[HEADERS.idempotencyKey]);
    // the validator has checked it against this very schema
    const body = request.body as Type.Static<Schema>;
    const caller = callerOf(request);
    const hash = (): Uint8Array => requestHash(route.path + scopeOf(caller), body);
    // a write that was passed on may have been done, so that from then on it has a key also where it runs here
    let key = ownKey;
    const run = async (role: MasterRole, own: SqlExecutor, signal: AbortSignal): Promise<object> => {
      const executor = executorFor(request, own);
      for (const sql of route.statements?.(body) ?? []) requireStatementRight(caller, executor, sql);
      role.acks.check(body);
      const plan = route.plan(body);
      const clockMs = clock.monotonicMs();
      const status = route.status ?? 200;
      const keyed = key;
      const { answer, ...done } =
        keyed === null
          ? { ...(await runPlan(executor, plan)), status, isReplayed: false }
          : await runKeyedPlan({ keyed: role.keyed, executor }, plan, {
              key: keyed,
              hash: hash(),
              status,
              signal,
            });
      const timeMs = elapsedMs(clock.monotonicMs() - clockMs);
      const receipt = await confirmWrite(role, done, body);
      if (done.isReplayed) reply.header(HEADERS.idempotencyReplayed, "true");
      reply.header(HEADERS.position, receipt.position).status(done.status);
      return { ...answer, ...receipt, timeMs };
    };
    return whileConnected(request, (signal) =>
      atMaster<object>(runtime, signal, {
        isRepeatable: () => key !== null,
        isPassedOn: isPassedOn(request),
        master: (role, { executor }) => run(role, executor, signal),
        slave: (role) => {
          key ??= newForwardingKey();
          requestOutcome(request).idempotencyKey = key;
          const isKeyOwn = ownKey !== null;
          return forwardWrite(runtime, { role, request, reply, key, isKeyOwn, hash, options: body });
        },
      }),
    );
  });
}
