import { DeleteRequest, InsertRequest, SelectRequest, UpdateRequest } from "@understudy/protocol";
import { buildDelete, buildInsert, buildSelect, buildUpdate } from "@understudy/sql-executor";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { SelectQuerystring, selectRequestOf } from "./select-querystring.ts";
import { answerQuery } from "./query-answer.ts";
import { addWriteRoute } from "./write-route.ts";

/** `POST /insert`, `/update`, `/delete`, `/select` and `GET /select`. */
export function addRowRoutes(server: HttpServer, runtime: NodeRuntime): void {
  addWriteRoute(server, runtime, {
    path: "/insert",
    body: InsertRequest,
    status: 201,
    run: async (executor, body) => {
      const { affectedRows, insertId, gtid } = await executor.execute(buildInsert(body));
      return { gtid, answer: { affectedRows, insertId } };
    },
  });
  addWriteRoute(server, runtime, {
    path: "/update",
    body: UpdateRequest,
    run: async (executor, body) => {
      const { affectedRows, gtid } = await executor.execute(buildUpdate(body));
      return { gtid, answer: { affectedRows } };
    },
  });
  addWriteRoute(server, runtime, {
    path: "/delete",
    body: DeleteRequest,
    run: async (executor, body) => {
      const { affectedRows, gtid } = await executor.execute(buildDelete(body));
      return { gtid, answer: { affectedRows } };
    },
  });
  server.post("/select", { schema: { body: SelectRequest } }, (request) =>
    answerQuery(runtime, { ...buildSelect(request.body), maxRows: request.body.limit + 1 }),
  );
  server.get("/select", { schema: { querystring: SelectQuerystring } }, (request) => {
    const select = selectRequestOf(request.query);
    return answerQuery(runtime, { ...buildSelect(select), maxRows: select.limit + 1 });
  });
}
