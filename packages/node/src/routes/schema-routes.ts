import { Identifier, ReadOptions, UnderstudyError } from "@understudy/protocol";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { executorFor } from "../access/client-executor.ts";
import type { HttpServer } from "../http/create-server.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { answerRead } from "../reads/answer-read.ts";

const name = Type.String({ minLength: 1 });
const InDatabase = Type.Object({ database: name });
const InTable = Type.Object({ database: name, table: name });
const isName = Compile(Identifier);

/** `GET /databases` and what is below it. */
export function addSchemaRoutes(server: HttpServer, runtime: NodeRuntime): void {
  const querystring = ReadOptions;
  const executor = () => runtime.running().executor;
  server.get("/databases", { schema: { querystring } }, async (request, reply) =>
    answerRead(runtime, { request, reply, options: request.query }, async () => ({
      databases: await executorFor(request, executor()).listDatabases(),
    })),
  );
  server.get(
    "/databases/:database",
    { schema: { querystring, params: InDatabase } },
    async (request, reply) =>
      answerRead(runtime, { request, reply, options: request.query }, () =>
        executor().describeDatabase(nameOf(request.params.database)),
      ),
  );
  server.get(
    "/databases/:database/tables",
    { schema: { querystring, params: InDatabase } },
    async (request, reply) =>
      answerRead(runtime, { request, reply, options: request.query }, () =>
        executor().listTables(nameOf(request.params.database)),
      ),
  );
  server.get(
    "/databases/:database/tables/:table",
    { schema: { querystring, params: InTable } },
    async (request, reply) =>
      answerRead(runtime, { request, reply, options: request.query }, () => {
        const { database, table } = request.params;
        return executor().describeTable({ database: nameOf(database), table: nameOf(table) });
      }),
  );
}

/** Throws `not-found` for what no server takes for a name, so that none is asked. */
function nameOf(text: string): string {
  const known: boolean = isName.Check(text);
  if (known) return text;
  throw new UnderstudyError("not-found", `nothing is called ${JSON.stringify(text.slice(0, 80))}`);
}
