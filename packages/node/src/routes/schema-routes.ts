import Type from "typebox";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";

const name = Type.String({ minLength: 1 });
const InDatabase = Type.Object({ database: name });
const InTable = Type.Object({ database: name, table: name });

/** `GET /databases` and what is below it. */
export function addSchemaRoutes(server: HttpServer, runtime: NodeRuntime): void {
  server.get("/databases", async () => ({ databases: await runtime.running().executor.listDatabases() }));
  server.get("/databases/:database", { schema: { params: InDatabase } }, ({ params }) =>
    runtime.running().executor.describeDatabase(params.database),
  );
  server.get("/databases/:database/tables", { schema: { params: InDatabase } }, ({ params }) =>
    runtime.running().executor.listTables(params.database),
  );
  server.get("/databases/:database/tables/:table", { schema: { params: InTable } }, ({ params }) =>
    runtime.running().executor.describeTable(params),
  );
}
