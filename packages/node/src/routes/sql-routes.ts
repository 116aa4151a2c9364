import { BatchRequest, ExecuteRequest, QueryRequest } from "@understudy/protocol";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { answerQuery, elapsedMs } from "./query-answer.ts";
import { addWriteRoute } from "./write-route.ts";

/** `POST /query`, `/execute`, `/batch`. */
export function addSqlRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const { clock } = runtime.services;
  server.post("/query", { schema: { body: QueryRequest } }, (request) => answerQuery(runtime, request.body));
  addWriteRoute(server, runtime, {
    path: "/execute",
    body: ExecuteRequest,
    run: async (executor, body) => {
      const startedMs = clock.monotonicMs();
      const { gtid, ...done } = await executor.execute(body);
      return { gtid, answer: { ...done, timeMs: elapsedMs(clock.monotonicMs() - startedMs) } };
    },
  });
  addWriteRoute(server, runtime, {
    path: "/batch",
    body: BatchRequest,
    run: async (executor, body) => {
      const startedMs = clock.monotonicMs();
      const { gtid, results } = await executor.batch(body);
      return { gtid, answer: { results, timeMs: elapsedMs(clock.monotonicMs() - startedMs) } };
    },
  });
}
