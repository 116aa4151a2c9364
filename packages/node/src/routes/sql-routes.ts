import { BatchRequest, ExecuteRequest, QueryRequest, type QueryAnswer } from "@understudy/protocol";
import type { FastifyReply } from "fastify";
import type { HttpServer } from "../http/create-server.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { answerRead } from "../reads/answer-read.ts";
import { asksForLines, streamQuery } from "../reads/stream-query.ts";
import { answerQuery } from "./query-answer.ts";
import { addWriteRoute } from "./write-route.ts";

/** `POST /query`, `/execute`, `/batch`. */
export function addSqlRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const stopping = stoppingSignal(server);
  server.post("/query", { schema: { body: QueryRequest } }, async (request, reply) =>
    answerRead<QueryAnswer | FastifyReply>(runtime, { request, reply, options: request.body }, (pass) =>
      asksForLines(request)
        ? streamQuery(runtime, { request, reply, pass, query: request.body, stopping })
        : answerQuery(runtime, pass, { request, query: request.body }),
    ),
  );
  addWriteRoute(server, runtime, {
    path: "/execute",
    body: ExecuteRequest,
    statements: ({ sql }) => [sql],
    plan: (options) => ({ kind: "execute", options, answerOf: (done) => done }),
  });
  addWriteRoute(server, runtime, {
    path: "/batch",
    body: BatchRequest,
    statements: ({ statements }) => statements.map(({ sql }) => sql),
    plan: (options) => ({ kind: "batch", options, answerOf: (results) => ({ results }) }),
  });
}
