import { DeleteRequest, InsertRequest, SelectRequest, UpdateRequest } from "@understudy/protocol";
import { buildDelete, buildInsert, buildSelect, buildUpdate } from "@understudy/sql-executor";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { answerRead, type ReadCall } from "../reads/answer-read.ts";
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
  const select = async (call: Omit<ReadCall, "options">, body: SelectRequest) =>
    answerRead(runtime, { ...call, options: body }, (pass) =>
      inDatabase(runtime.running().executor, body.database, () =>
        answerQuery(runtime, pass, { ...buildSelect(body), maxRows: body.limit + 1 }),
      ),
    );
  server.post("/select", { schema: { body: SelectRequest } }, async (request, reply) =>
    select({ request, reply }, request.body),
  );
  server.get("/select", { schema: { querystring: SelectQuerystring } }, async (request, reply) =>
    select({ request, reply }, selectRequestOf(request.query)),
  );
}
