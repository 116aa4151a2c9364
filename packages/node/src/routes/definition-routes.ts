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
  type SqlExecutor,
} from "@understudy/sql-executor";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { inDatabase } from "./unknown-database.ts";
import { addWriteRoute, type Written } from "./write-route.ts";

/** `POST /createdb`, `/dropdb`, `/createtable`, `/droptable`. */
export function addDefinitionRoutes(server: HttpServer, runtime: NodeRuntime): void {
  addWriteRoute(server, runtime, {
    path: "/createdb",
    body: CreateDatabaseRequest,
    status: 201,
    run: (executor, body) => define(executor, buildCreateDatabase(body), { database: body.name }),
  });
  addWriteRoute(server, runtime, {
    path: "/dropdb",
    body: DropDatabaseRequest,
    run: (executor, body) => define(executor, buildDropDatabase(body), { database: body.name }),
  });
  addWriteRoute(server, runtime, {
    path: "/createtable",
    body: CreateTableRequest,
    status: 201,
    run: (executor, { database, table, ...rest }) =>
      define(executor, buildCreateTable({ database, table, ...rest }), { database, table }),
  });
  addWriteRoute(server, runtime, {
    path: "/droptable",
    body: DropTableRequest,
    run: (executor, { database, table, ifExists }) =>
      inDatabase(executor, database, () =>
        define(executor, buildDropTable({ database, table, ifExists }), { database, table }),
      ),
  });
}

async function define(executor: SqlExecutor, statement: BuiltStatement, answer: object): Promise<Written> {
  const { gtid } = await executor.execute(statement);
  return { gtid, answer };
}
