import { VERSION } from "../version.ts";
import { accessOf } from "../access/route-access.ts";
import { answerHeaders, HEADER_COMPONENTS, PARAMETER_COMPONENTS } from "./document-headers.ts";
import { ERRORS_OF_ANY, TAGS, type Operation, type OperationTable } from "./operation.ts";
import { problemExamples, ProblemResponses } from "./problem-responses.ts";
import type { CollectedRoute } from "./route-collection.ts";
import { SchemaComponents } from "./schema-components.ts";

const DESCRIPTION = `One replicated SQL database out of ordinary MySQL or MariaDB servers. Every node has this same API: reads are answered where they
arrive, writes that arrive at a slave are passed on to the master.

Every error is a problem document (RFC 9457). Branch on its \`code\`; \`retryable\` says whether the very same request may succeed later.`;

const TOKEN_SCHEME = {
  type: "http",
  scheme: "bearer",
  description: "A token of the file that `UNDERSTUDY_TOKENS_FILE` names. Nodes without one ask for none.",
} as const;

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
  const problems = new ProblemResponses(components);
  const paths: Record<string, Record<string, unknown>> = {};
  const tags = new Set<string>();
  for (const route of routes) {
    const operation = operations[route.key];
    if (operation === undefined) continue;
    tags.add(operation.tag);
    const path = (paths[documentPath(route.path)] ??= {});
    path[route.method.toLowerCase()] = {
      ...describe(route, operation, components),
      responses: {
        ...successOf(operation, components),
        ...problems.reference([...ERRORS_OF_ANY, ...operation.errors]),
      },
    };
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
    // an empty one beside it: a node without tokens asks for none
    security: [{ token: [] }, {}],
    paths,
    components: {
      securitySchemes: { token: TOKEN_SCHEME },
      schemas: components.all(),
      parameters: PARAMETER_COMPONENTS,
      headers: HEADER_COMPONENTS,
      responses: problems.all(),
      examples: problemExamples(),
    },
  };
}

/** `/databases/:database` → `/databases/{database}`. */
function documentPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

function describe(route: CollectedRoute, operation: Operation, components: SchemaComponents): object {
  const { tag, summary, description } = operation;
  return {
    tags: [tag],
    operationId: operationId(route),
    summary,
    ...(description === undefined ? {} : { description }),
    ...securityOf(route),
    parameters: parametersOf(route, operation, components),
    ...requestBodyOf(route, operation, components),
  };
}

/** What no token is needed for says so; the rest names the rights, one of which is enough. */
function securityOf({ method, path }: CollectedRoute): object {
  const rights = accessOf(method, path)?.rights ?? [];
  return rights === "open" ? { security: [] } : { "x-understudy-rights": rights };
}

function successOf(
  { status = 200, answers, content, takesKey = false }: Operation,
  components: SchemaComponents,
): Record<string, object> {
  const types = Object.entries(content).map(([type, { schema, example }]) => [
    type,
    { ...(schema ? { schema: components.reference(schema) } : {}), example },
  ]);
  return {
    [status]: {
      description: answers,
      headers: answerHeaders(takesKey),
      content: Object.fromEntries(types) as unknown,
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
