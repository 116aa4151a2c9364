import { BatchRequest, ExecuteRequest, QueryRequest } from "@understudy/protocol";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { answerRead } from "../reads/answer-read.ts";
import { answerQuery } from "./query-answer.ts";
import { addWriteRoute } from "./write-route.ts";

/** `POST /query`, `/execute`, `/batch`. */
export function addSqlRoutes(server: HttpServer, runtime: NodeRuntime): void {
  server.post("/query", { schema: { body: QueryRequest } }, async (request, reply) =>
    answerRead(runtime, { request, reply, options: request.body }, (pass) =>
      answerQuery(runtime, pass, request.body),
    ),
  );
  addWriteRoute(server, runtime, {
    path: "/execute",
    body: ExecuteRequest,
    plan: (options) => ({ kind: "execute", options, answerOf: (done) => done }),
  });
  addWriteRoute(server, runtime, {
    path: "/batch",
    body: BatchRequest,
    plan: (options) => ({ kind: "batch", options, answerOf: (results) => ({ results }) }),
  });
}
