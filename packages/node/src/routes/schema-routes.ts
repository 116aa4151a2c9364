import { Identifier, UnderstudyError } from "@understudy/protocol";
import Type from "typebox";
import { Compile } from "typebox/compile";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";

const name = Type.String({ minLength: 1 });
const InDatabase = Type.Object({ database: name });
const InTable = Type.Object({ database: name, table: name });
const isName = Compile(Identifier);

/** `GET /databases` and what is below it. */
export function addSchemaRoutes(server: HttpServer, runtime: NodeRuntime): void {
  server.get("/databases", async () => ({ databases: await runtime.running().executor.listDatabases() }));
  server.get("/databases/:database", { schema: { params: InDatabase } }, ({ params }) =>
    runtime.running().executor.describeDatabase(nameOf(params.database)),
  );
  server.get("/databases/:database/tables", { schema: { params: InDatabase } }, ({ params }) =>
    runtime.running().executor.listTables(nameOf(params.database)),
  );
  server.get("/databases/:database/tables/:table", { schema: { params: InTable } }, ({ params }) =>
    runtime
      .running()
      .executor.describeTable({ database: nameOf(params.database), table: nameOf(params.table) }),
  );
}

/** Throws `not-found` for what no server takes for a name, so that none is asked. */
function nameOf(text: string): string {
  const known: boolean = isName.Check(text);
  if (known) return text;
  throw new UnderstudyError("not-found", `nothing is called ${JSON.stringify(text.slice(0, 80))}`);
}
