import { createServer } from "../../packages/node/src/http/create-server.ts";
import { openapiDocument } from "../../packages/node/src/openapi/openapi-document.ts";
import { OPERATIONS } from "../../packages/node/src/openapi/operations/all-operations.ts";
import { addRoutes } from "../../packages/node/src/routes/add-routes.ts";
import { startingNode } from "../../packages/node/src/starting-node.ts";

/** The text of `docs/openapi.json`: what a node with default settings answers to `GET /openapi.json`. */
export async function openapiText(): Promise<string> {
  const node = startingNode();
  const server = await createServer(node);
  const routes = addRoutes(server, node);
  return JSON.stringify(openapiDocument(routes, OPERATIONS), undefined, 2);
}
