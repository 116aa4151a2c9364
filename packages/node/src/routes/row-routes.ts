import {
  DeleteRequest,
  InsertRequest,
  SelectRequest,
  UpdateRequest,
  type QueryAnswer,
} from "@understudy/protocol";
import { buildDelete, buildInsert, buildSelect, buildUpdate } from "@understudy/sql-executor";
import type { FastifyReply } from "fastify";
import type { HttpServer } from "../http/create-server.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { answerRead, type ReadCall } from "../reads/answer-read.ts";
import { asksForLines, streamQuery } from "../reads/stream-query.ts";
import { SelectQuerystring, selectRequestOf } from "./select-querystring.ts";
import { answerQuery } from "./query-answer.ts";
import { inDatabase } from "./unknown-database.ts";
import { addWriteRoute } from "./write-route.ts";

/** `POST /insert`, `/update`, `/delete`, `/select` and `GET /select`. */
export function addRowRoutes(server: HttpServer, runtime: NodeRuntime): void {
  addWriteRoute(server, runtime, {
    path: "/insert",
    body: InsertRequest,
    status: 201,
    plan: (body) => ({
      kind: "execute",
      options: buildInsert(body),
      database: body.database,
      answerOf: ({ affectedRows, insertId }) => ({ affectedRows, insertId }),
    }),
  });
  addWriteRoute(server, runtime, {
    path: "/update",
    body: UpdateRequest,
    plan: (body) => ({
      kind: "execute",
      options: buildUpdate(body),
      database: body.database,
      answerOf: ({ affectedRows }) => ({ affectedRows }),
    }),
  });
  addWriteRoute(server, runtime, {
    path: "/delete",
    body: DeleteRequest,
    plan: (body) => ({
      kind: "execute",
      options: buildDelete(body),
      database: body.database,
      answerOf: ({ affectedRows }) => ({ affectedRows }),
    }),
  });
  const stopping = stoppingSignal(server);
  const select = async (call: Omit<ReadCall, "options">, body: SelectRequest) =>
    answerRead<QueryAnswer | FastifyReply>(runtime, { ...call, options: body }, (pass) => {
      const query = buildSelect(body);
      const inIt = <T>(task: () => Promise<T>) => inDatabase(runtime.running().executor, body.database, task);
      return asksForLines(call.request)
        ? streamQuery(runtime, { ...call, pass, query, stopping, around: inIt })
        : inIt(() =>
            answerQuery(runtime, pass, {
              request: call.request,
              query: { ...query, maxRows: body.limit + 1 },
            }),
          );
    });
  server.post("/select", { schema: { body: SelectRequest } }, async (request, reply) =>
    select({ request, reply }, request.body),
  );
  server.get("/select", { schema: { querystring: SelectQuerystring } }, async (request, reply) =>
    select({ request, reply }, selectRequestOf(request.query)),
  );
}
