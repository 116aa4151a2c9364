import { Validator } from "@seriousme/openapi-schema-validator";
import { ERROR_TABLE, type ErrorCode } from "@understudy/protocol";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, type HttpServer } from "../http/create-server.ts";
import { requestValidator } from "../http/request-validator.ts";
import { addRoutes } from "../routes/add-routes.ts";
import { startingNode } from "../starting-node.ts";
import { ERRORS_OF_ANY } from "./operation.ts";
import { OPERATIONS, UNDOCUMENTED } from "./operations/all-operations.ts";
import type { CollectedRoute } from "./route-collection.ts";

/** Codes that no answer carries: they end a node's start or a job, or stand in `GET /cluster`. */
const NEVER_ANSWERED: ReadonlySet<ErrorCode> = new Set(["config-invalid", "quarantine-incomplete"]);

describe("the OpenAPI document", () => {
  let server: HttpServer;
  let url: string;
  let routes: readonly CollectedRoute[];

  beforeAll(async () => {
    const node = startingNode();
    server = await createServer(node);
    routes = addRoutes(server, node);
    url = await server.listen({ port: 0, host: "127.0.0.1" });
  });

  afterAll(async () => {
    await server.close();
  });

  const get = async (): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${url}/openapi.json`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Record<string, unknown>;
  };

  it("has an entry for every route, and a route for every entry", () => {
    const keys = routes.map(({ key }) => key).filter((key) => !UNDOCUMENTED.has(key));
    expect(keys.toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
  });

  it("is valid OpenAPI 3.1", async () => {
    const document = await get();
    expect(await new Validator().validate(document)).toEqual({ valid: true });
    expect(document["openapi"]).toMatch(/^3\.1\./);
  });

  it("is refused by that validator where it is not", async () => {
    const { info: _info, ...broken } = await get();
    expect(await new Validator().validate(broken)).toMatchObject({ valid: false });
  });

  it("refers to nothing that it lacks", async () => {
    const document = await get();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(100);
    for (const [, path = ""] of references) {
      const found = path.split("/").reduce<unknown>((at, key) => Reflect.get(Object(at), key), document);
      expect(found, path).toBeTypeOf("object");
    }
  });

  it("names each operation once", async () => {
    const { paths } = await get();
    const ids = [...JSON.stringify(paths).matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
    expect(ids).toHaveLength(Object.keys(OPERATIONS).length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("tells of every code that an answer can carry", () => {
    const told = new Set([...ERRORS_OF_ANY, ...Object.values(OPERATIONS).flatMap(({ errors }) => errors)]);
    const codes = Object.keys(ERROR_TABLE) as ErrorCode[];
    expect(codes.filter((code) => !told.has(code) && !NEVER_ANSWERED.has(code))).toEqual([]);
  });

  it("gives examples that the routes take", () => {
    const refused: unknown[] = [];
    const check = (key: string, part: "body" | "querystring" | "params", schema: object, value: unknown) => {
      const result = requestValidator({ schema, method: "POST", url: key, httpPart: part });
      const { error } = Object(result(structuredClone(value))) as { error?: Error };
      if (error) refused.push([key, value, error.message]);
    };
    for (const { key, body, querystring, params } of routes) {
      const operation = OPERATIONS[key];
      if (UNDOCUMENTED.has(key)) continue;
      if (body && !operation?.requests) refused.push([key, "no example of its body"]);
      for (const value of Object.values(operation?.requests ?? {})) {
        if (body) check(key, "body", body, value);
        else refused.push([key, value, "it takes no body"]);
      }
      const given = Object.entries(operation?.parameters ?? {});
      const named = (schema: object) =>
        given.filter(([name]) => name in Object(Reflect.get(schema, "properties")));
      if (params) check(key, "params", params, Object.fromEntries(named(params)));
      if (querystring) {
        const texts = named(querystring).map(([name, value]) => [name, String(value)]);
        check(key, "querystring", querystring, Object.fromEntries(texts));
      }
    }
    expect(refused).toEqual([]);
  });

  it("gives examples of answers that fit their schemas", () => {
    for (const [key, { content }] of Object.entries(OPERATIONS)) {
      for (const { schema, example } of Object.values(content)) {
        if (schema) expect([key, ...Compile(schema).Errors(example)]).toEqual([key]);
        else expect(example, key).toBeTypeOf("string");
      }
    }
  });
});
