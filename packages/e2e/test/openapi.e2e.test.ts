// What nodes really answer, held against what their OpenAPI document says that they answer.
import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Answer, type ClusterNode } from "../src/index.ts";

type Json = Readonly<Record<string, unknown>>;

const USERS = { database: "mydb", table: "users" } as const;

/** Requests in their order: `METHOD /path/of/the/document`, then what is sent. */
const STEPS: readonly (readonly [operation: string, path: string, body?: Json])[] = [
  ["GET /ping", "/ping"],
  ["POST /createdb", "/createdb", { name: "mydb" }],
  ["POST /createtable", "/createtable", { ...USERS, columns: "id INT PRIMARY KEY, name VARCHAR(255)" }],
  ["POST /insert", "/insert", { ...USERS, records: [{ id: 1, name: "Ada" }, { id: 2 }] }],
  ["POST /update", "/update", { ...USERS, set: { name: "Alan" }, where: { id: 2 } }],
  ["POST /select", "/select", USERS],
  ["GET /select", "/select?database=mydb&table=users"],
  ["POST /query", "/query", { sql: "SELECT * FROM mydb.users", rows: "arrays", consistency: "strong" }],
  ["POST /execute", "/execute", { sql: "INSERT IGNORE INTO mydb.users VALUES (1, NULL)" }],
  ["POST /batch", "/batch", { statements: [{ sql: "SELECT 1 AS one" }, { sql: "DELETE FROM mydb.users" }] }],
  ["POST /delete", "/delete", { ...USERS, all: true }],
  ["GET /databases", "/databases"],
  ["GET /databases/{database}", "/databases/mydb"],
  ["GET /databases/{database}/tables", "/databases/mydb/tables"],
  ["GET /databases/{database}/tables/{table}", "/databases/mydb/tables/users"],
  ["POST /transactions", "/transactions", {}],
  ["GET /cluster", "/cluster"],
  ["GET /cluster/events", "/cluster/events"],
  ["GET /health/ready", "/health/ready"],
  ["POST /droptable", "/droptable", USERS],
  ["POST /dropdb", "/dropdb", { name: "mydb" }],
  ["POST /dropdb", "/dropdb", { name: "mydb" }],
  ["POST /query", "/query", { sql: "nonsense" }],
];

for (const flavour of testFlavours()) {
  describe(`the OpenAPI document on ${flavour}`, () => {
    it("tells the truth of the master and of a slave", async () => {
      await using cluster = await startCluster({ flavour, slaves: 1 });
      for (const node of cluster.nodes) {
        const document = (await node.get("/openapi.json")).body;
        for (const [operation, path, body] of STEPS) {
          const answer = await send(node, operation, path, body);
          expect([operation, ...faultsOf(document, operation, answer)], answer.text).toEqual([operation]);
        }
        // an answer that is bent is seen
        const ping = await node.get("/ping");
        const bent = { ...ping, body: { ...ping.body, uptimeSeconds: "1" } };
        expect(faultsOf(document, "GET /ping", bent)).toMatchObject([{ instancePath: "/uptimeSeconds" }]);
      }
    });
  });
}

async function send(node: ClusterNode, operation: string, path: string, body?: Json): Promise<Answer> {
  return operation.startsWith("GET") ? node.get(path) : node.post(path, body ?? {});
}

/** Where an answer is not as the document says; empty where it is. */
function faultsOf(document: Json, operation: string, answer: Answer): readonly unknown[] {
  const [method = "", path = ""] = operation.split(" ");
  const told = at(document, "paths", path, method.toLowerCase(), "responses", String(answer.status));
  const type = String(answer.headers["content-type"]).split(";")[0] ?? "";
  const content = at(resolved(document, told), "content", type);
  if (content === undefined) return [`nothing is said of ${answer.status} ${type}`];
  const faults = Compile(Object(at(content, "schema")) as object).Errors(answer.body);
  const codes = at(content, "examples");
  const code = answer.body["code"];
  if (codes === undefined || typeof code !== "string" || code in Object(codes)) return faults;
  return [...faults, `nothing is said of ${code}`];
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => Reflect.get(Object(found), key), value);
}

/** The same without references. */
function resolved(document: Json, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => resolved(document, item));
  if (typeof value !== "object" || value === null) return value;
  const reference = at(value, "$ref");
  if (typeof reference === "string") {
    return resolved(document, at(document, ...reference.split("/").slice(1)));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(document, item)]));
}
