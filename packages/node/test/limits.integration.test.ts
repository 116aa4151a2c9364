// What the configuration bounds in a request, told by the node itself.
import { afterAll, describe, expect, it } from "vitest";
import { createServer, type HttpServer } from "../src/http/create-server.ts";
import { addRoutes } from "../src/routes/add-routes.ts";
import { startingNode } from "../src/starting-node.ts";

const servers: HttpServer[] = [];
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

/** The address of a node with these settings. */
async function nodeWith(environment: Readonly<Record<string, string>>): Promise<string> {
  const node = startingNode(environment);
  const server = await createServer(node);
  servers.push(server);
  addRoutes(server, node);
  return server.listen({ port: 0, host: "127.0.0.1" });
}

/** Status, code and detail of an answer. */
async function ask(node: string, path: string, body?: object): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await (body
    ? fetch(`${node}${path}`, { method: "POST", headers, body: JSON.stringify(body) })
    : fetch(`${node}${path}`));
  const { code, detail } = (await answer.json()) as { code?: string; detail?: string };
  return `${answer.status} ${code}: ${detail}`;
}

/** Past the validation of the request. */
const TAKEN = "503 starting: there is no database here";

describe("the limits of what a request may ask for", async () => {
  const node = await nodeWith({
    UNDERSTUDY_STATEMENT_TIMEOUT_MS_MAX: "2000",
    UNDERSTUDY_ROWS_MAX: "50",
  });

  it.each(["/query", "/execute"])("of time, at %s", async (url) => {
    expect(await ask(node, url, { sql: "SELECT 1", timeoutMs: 2000 })).toBe(TAKEN);
    expect(await ask(node, url, { sql: "SELECT 1", timeoutMs: 2001 })).toBe(
      "400 invalid-request: timeoutMs in the body must be <= 2000 (UNDERSTUDY_STATEMENT_TIMEOUT_MS_MAX)",
    );
    // the default of 30 s is above the limit, too, and is lowered
    expect(await ask(node, url, { sql: "SELECT 1" })).toBe(TAKEN);
  });

  it("of time, for a batch and inside a transaction", async () => {
    const told = /^400 invalid-request: timeoutMs .*UNDERSTUDY_STATEMENT_TIMEOUT_MS_MAX/;
    expect(await ask(node, "/batch", { statements: [{ sql: "DO 1" }], timeoutMs: 2001 })).toMatch(told);
    expect(await ask(node, "/transactions/x/query", { sql: "SELECT 1", timeoutMs: 2001 })).toMatch(told);
    expect(await ask(node, "/transactions/x/execute", { sql: "DO 1", timeoutMs: 2001 })).toMatch(told);
  });

  it("of rows", async () => {
    const told = /must be <= 50 \(UNDERSTUDY_ROWS_MAX\)$/;
    const t = { database: "d", table: "t" };
    expect(await ask(node, "/query", { sql: "SELECT 1", maxRows: 50 })).toBe(TAKEN);
    expect(await ask(node, "/query", { sql: "SELECT 1", maxRows: 51 })).toMatch(told);
    expect(await ask(node, "/select", { ...t, limit: 50 })).toBe(TAKEN);
    expect(await ask(node, "/select", { ...t, limit: 51 })).toMatch(told);
    expect(await ask(node, "/select?database=d&table=t&limit=50")).toBe(TAKEN);
    expect(await ask(node, "/select?database=d&table=t&limit=51")).toMatch(told);
    expect(await ask(node, "/select?database=d&table=t")).toBe(TAKEN);
    // this one bounds what is deleted, not what is answered
    expect(await ask(node, "/delete", { ...t, all: true, limit: 51 })).toBe(TAKEN);
    expect(await ask(node, "/cluster/events?limit=51")).toMatch(/^200/);
  });

  it("stand in its OpenAPI document", async () => {
    const answer = await fetch(`${node}/openapi.json`);
    const document = (await answer.json()) as { paths: Record<string, Record<string, object>> };
    expect(document.paths["/query"]?.["post"]).toMatchObject({
      requestBody: {
        content: {
          "application/json": {
            schema: {
              properties: {
                timeoutMs: { maximum: 2000, default: 2000 },
                maxRows: { maximum: 50, default: 50 },
              },
            },
          },
        },
      },
    });
  });

  it("are those of the contract by default", async () => {
    const plain = await nodeWith({});
    expect(await ask(plain, "/query", { sql: "SELECT 1", timeoutMs: 3_600_000, maxRows: 1_000_000 })).toBe(
      TAKEN,
    );
    expect(await ask(plain, "/query", { sql: "SELECT 1", timeoutMs: 3_600_001 })).toBe(
      "400 invalid-request: timeoutMs in the body must be <= 3600000",
    );
  });
});
