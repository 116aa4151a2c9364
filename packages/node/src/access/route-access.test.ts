import { expect, test } from "vitest";
import { createServer } from "../http/create-server.ts";
import { addRoutes } from "../routes/add-routes.ts";
import { startingNode } from "../starting-node.ts";
import { accessOf, ROUTE_ACCESS } from "./route-access.ts";

test("every route of a node is in the table of rights, and nothing else is", async () => {
  const node = startingNode();
  const server = await createServer(node);
  const routes = addRoutes(server, node);
  await server.ready();
  expect(routes.map(({ key }) => key).toSorted()).toEqual(Object.keys(ROUTE_ACCESS).toSorted());
  await server.close();
});

test("HEAD is as GET, and what is not listed is nobody's", () => {
  expect(accessOf("HEAD", "/cluster")).toBe(ROUTE_ACCESS["GET /cluster"]);
  expect(accessOf("POST", "/cluster")).toBeNull();
  expect(accessOf("GET", "constructor")).toBeNull();
});

test("what no token can be bound to databases for is refused to those that are", () => {
  for (const [route, { rights, bound }] of Object.entries(ROUTE_ACCESS)) {
    if (rights === "open" || rights.some((right) => ["read", "write", "ddl"].includes(right))) continue;
    expect({ route, bound }).toEqual({ route, bound: "none" });
  }
});
