import { HEADERS, type WRITE_OPTIONS } from "@understudy/protocol";
import type Type from "typebox";
import type { HttpServer } from "../http/create-server.ts";
import { forwardToMaster } from "../http/forward-to-master.ts";
import type { NodeRuntime } from "../node-runtime.ts";
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
    if (role.kind === "slave") {
      const { nodeId } = runtime.services.identity;
      return forwardToMaster({ role, nodeId, request, reply, effect: "write" });
    }
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
