import {
  ERROR_TABLE,
  Problem,
  PROBLEM_MEDIA_TYPE,
  UnderstudyError,
  type ErrorCode,
} from "@understudy/protocol";
import { problemOf } from "../http/problem-answer.ts";
import { VERSION } from "../version.ts";
import { HEADER_COMPONENTS, headersOf, PARAMETER_COMPONENTS } from "./document-headers.ts";
import { ERRORS_OF_ANY, TAGS, type Operation, type OperationTable } from "./operation.ts";
import type { CollectedRoute } from "./route-collection.ts";
import { SchemaComponents } from "./schema-components.ts";

const DESCRIPTION = `One replicated SQL database out of ordinary MySQL or MariaDB servers. Every node has this same API: reads are answered where they
arrive, writes that arrive at a slave are passed on to the master.

Every error is a problem document (RFC 9457). Branch on its \`code\`; \`retryable\` says whether the very same request may succeed later.`;

/** An OpenAPI 3.1 document. */
export type OpenapiDocument = Readonly<Record<string, unknown>>;

/**
 * The document of these routes: their own schemas, and what the table says of them. Routes that the table does not have are left
 * out.
 */
export function openapiDocument(
  routes: readonly CollectedRoute[],
  operations: OperationTable,
): OpenapiDocument {
  const components = new SchemaComponents();
  const paths: Record<string, Record<string, unknown>> = {};
  const tags = new Set<string>();
  for (const route of routes) {
    const operation = operations[route.key];
    if (operation === undefined) continue;
    tags.add(operation.tag);
    const path = (paths[documentPath(route.path)] ??= {});
    path[route.method.toLowerCase()] = operationObject(route, operation, components);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Understudy",
      version: VERSION,
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This node" }],
    tags: Object.entries(TAGS)
      .filter(([name]) => tags.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components.all(),
      parameters: PARAMETER_COMPONENTS,
      headers: HEADER_COMPONENTS,
      examples: problemExamples(),
    },
  };
}

/** `/databases/:database` → `/databases/{database}`. */
function documentPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

function operationObject(route: CollectedRoute, operation: Operation, components: SchemaComponents): object {
  const { tag, summary, description, status = 200, takesKey = false } = operation;
  const content = Object.entries(operation.content).map(([type, { schema, example }]) => [
    type,
    { ...(schema ? { schema: components.reference(schema) } : {}), example },
  ]);
  return {
    tags: [tag],
    operationId: operationId(route),
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: parametersOf(route, operation, components),
    ...requestBodyOf(route, operation, components),
    responses: {
      [status]: {
        description: operation.answers,
        headers: headersOf(status, takesKey),
        content: Object.fromEntries(content) as unknown,
      },
      ...problemsOf(operation, components),
    },
  };
}

/** `POST /cluster/nodes/:id/pause` → `postClusterNodesIdPause`: what generated clients call it. */
function operationId({ method, path }: CollectedRoute): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function parametersOf(
  route: CollectedRoute,
  { parameters = {}, takesKey }: Operation,
  components: SchemaComponents,
): object[] {
  const own = [
    ...fieldsOf(route.params).map((field) => ({ ...field, place: "path", required: true })),
    ...fieldsOf(route.querystring).map((field) => ({ ...field, place: "query" })),
  ].map(({ name, place, required, schema }) => {
    const { description, ...json } = components.reference(schema);
    return {
      name,
      in: place,
      required,
      ...(description === undefined ? {} : { description }),
      schema: json,
      ...(Object.hasOwn(parameters, name) ? { example: parameters[name] } : {}),
    };
  });
  const headers = takesKey === true ? ["RequestId", "IdempotencyKey"] : ["RequestId"];
  return [...own, ...headers.map((name) => ({ $ref: `#/components/parameters/${name}` }))];
}

interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: object;
}

/** The fields of an object's schema; one with a default need not be given. */
function fieldsOf(schema: object | undefined): Field[] {
  if (schema === undefined) return [];
  const required = new Set(Reflect.get(schema, "required") as readonly string[] | undefined);
  const properties = Reflect.get(schema, "properties") as Readonly<Record<string, object>>;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    required: required.has(name) && !("default" in property),
    schema: property,
  }));
}

function requestBodyOf(
  { body }: CollectedRoute,
  { requests, requestType }: Operation,
  components: SchemaComponents,
): { requestBody?: object } {
  if (requestType !== undefined) return { requestBody: { required: true, content: { [requestType]: {} } } };
  if (body === undefined) return {};
  const examples = Object.entries(requests ?? {}).map(([summary, value]) => [
    summary.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
    { summary, value },
  ]);
  const schema = components.reference(body);
  return {
    requestBody: {
      required: true,
      content: { "application/json": { schema, examples: Object.fromEntries(examples) as unknown } },
    },
  };
}

/** The problems that an operation may answer with, by status. */
function problemsOf(
  { errors, takesKey = false }: Operation,
  components: SchemaComponents,
): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...ERRORS_OF_ANY, ...errors])) {
    const { status } = ERROR_TABLE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const schema = components.reference(Problem);
  const answers = [...byStatus].map(([status, codes]) => [
    status,
    {
      description: codes.map((code) => `\`${code}\`: ${ERROR_TABLE[code].meaning}`).join("\n\n"),
      headers: headersOf(status, takesKey),
      content: { [PROBLEM_MEDIA_TYPE]: { schema, examples: referToExamples(codes) } },
    },
  ]);
  return Object.fromEntries(answers) as Record<string, object>;
}

function referToExamples(codes: readonly ErrorCode[]): object {
  return Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));
}

/** A problem of each code. */
function problemExamples(): object {
  const codes = Object.keys(ERROR_TABLE) as ErrorCode[];
  return Object.fromEntries(
    codes.map((code) => {
      const { title, meaning } = ERROR_TABLE[code];
      const error = new UnderstudyError(code, meaning);
      return [
        code,
        { summary: title, value: problemOf(error, { instance: "/query", requestId: "kQ3x-1a" }) },
      ];
    }),
  );
}
