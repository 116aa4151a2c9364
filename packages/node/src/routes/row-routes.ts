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
    run: async (executor, body) => {
      const { affectedRows, insertId, gtid } = await inDatabase(executor, body.database, () =>
        executor.execute(buildInsert(body)),
      );
      return { gtid, answer: { affectedRows, insertId } };
    },
  });
  addWriteRoute(server, runtime, {
    path: "/update",
    body: UpdateRequest,
    run: async (executor, body) => {
      const { affectedRows, gtid } = await inDatabase(executor, body.database, () =>
        executor.execute(buildUpdate(body)),
      );
      return { gtid, answer: { affectedRows } };
    },
  });
  addWriteRoute(server, runtime, {
    path: "/delete",
    body: DeleteRequest,
    run: async (executor, body) => {
      const { affectedRows, gtid } = await inDatabase(executor, body.database, () =>
        executor.execute(buildDelete(body)),
      );
      return { gtid, answer: { affectedRows } };
    },
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
