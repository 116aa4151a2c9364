import {
  CreateDatabaseRequest,
  CreateTableRequest,
  DropDatabaseRequest,
  DropTableRequest,
} from "@understudy/protocol";
import {
  buildCreateDatabase,
  buildCreateTable,
  buildDropDatabase,
  buildDropTable,
  type BuiltStatement,
} from "@understudy/sql-executor";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { ExecutePlan } from "../writes/write-plan.ts";
import { addWriteRoute } from "./write-route.ts";

/** `POST /createdb`, `/dropdb`, `/createtable`, `/droptable`. */
export function addDefinitionRoutes(server: HttpServer, runtime: NodeRuntime): void {
  addWriteRoute(server, runtime, {
    path: "/createdb",
    body: CreateDatabaseRequest,
    status: 201,
    plan: (body) => define(buildCreateDatabase(body), { database: body.name }),
  });
  addWriteRoute(server, runtime, {
    path: "/dropdb",
    body: DropDatabaseRequest,
    plan: (body) => define(buildDropDatabase(body), { database: body.name }),
  });
  addWriteRoute(server, runtime, {
    path: "/createtable",
    body: CreateTableRequest,
    status: 201,
    plan: (body) => define(buildCreateTable(body), { database: body.database, table: body.table }),
  });
  addWriteRoute(server, runtime, {
    path: "/droptable",
    body: DropTableRequest,
    plan: (body) => ({
      ...define(buildDropTable(body), { database: body.database, table: body.table }),
      database: body.database,
    }),
  });
}

function define(options: BuiltStatement, answer: object): ExecutePlan {
  return { kind: "execute", options, answerOf: () => answer };
}
