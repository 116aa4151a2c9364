import {
  DeleteRequest,
  InsertRequest,
  SelectRequest,
  UpdateRequest,
  type QueryAnswer,
} from "@understudy/protocol";
import { buildDelete, buildInsert, buildSelect, buildUpdate } from "@understudy/sql-executor";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
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
  const select = (request: SelectRequest): Promise<QueryAnswer> =>
    inDatabase(runtime.running().executor, request.database, () =>
      answerQuery(runtime, { ...buildSelect(request), maxRows: request.limit + 1 }),
    );
  server.post("/select", { schema: { body: SelectRequest } }, ({ body }) => select(body));
  server.get("/select", { schema: { querystring: SelectQuerystring } }, async ({ query }) =>
    select(selectRequestOf(query)),
  );
}
