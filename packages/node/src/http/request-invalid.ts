import { UnderstudyError } from "@understudy/protocol";

interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message: string;
  readonly params: object;
}

const PLACES: Readonly<Record<string, string>> = {
  body: "the body",
  querystring: "the query string",
  params: "the path",
  headers: "the headers",
};

/** On a field whose bound comes from the configuration: the setting's name, which is then told. */
export const OWN_LIMIT = "x-understudy-setting";

/** A request that does not fit its schema: `invalid-request`, whose detail names the place and what was expected. */
export class RequestInvalid extends UnderstudyError {
  constructor(part: string, errors: readonly SchemaError[], schema: object = {}) {
    const place = PLACES[part] ?? part;
    const deepest = mostTelling(errors);
    const path = deepest?.instancePath ?? "";
    const where = path === "" ? place : `${path.slice(1).replaceAll("/", ".")} in ${place}`;
    super(
      "invalid-request",
      `${where} ${deepest ? describe(deepest) + settingOf(deepest, schema) : "does not fit the schema"}`,
      {
        details: { path: path === "" ? "/" : path },
      },
    );
  }
}

/** Of the errors of a union, the deepest tells most; a field that is unknown or missing tells more than its "schema is false". */
function mostTelling(errors: readonly SchemaError[]): SchemaError | undefined {
  const telling = errors.filter((error) => error.keyword !== "boolean" && error.keyword !== "anyOf");
  const depth = (error: SchemaError): number => error.instancePath.split("/").length;
  return telling.toSorted((a, b) => depth(b) - depth(a))[0] ?? errors[0];
}

function describe(error: SchemaError): string {
  const unknown: unknown = Reflect.get(error.params, "additionalProperties");
  if (Array.isArray(unknown))
    return `has the unknown field ${unknown.map((name) => `"${String(name)}"`).join(", ")}`;
  const missing: unknown = Reflect.get(error.params, "requiredProperties");
  if (Array.isArray(missing)) return `lacks ${missing.map((name) => `"${String(name)}"`).join(", ")}`;
  const allowed: unknown = Reflect.get(error.params, "allowedValues");
  if (Array.isArray(allowed))
    return `must be one of ${allowed.map((value) => JSON.stringify(value)).join(", ")}`;
  return error.message;
}

function settingOf({ keyword, instancePath }: SchemaError, schema: object): string {
  if (keyword !== "maximum") return "";
  const field: unknown = Reflect.get(Object(Reflect.get(schema, "properties")), instancePath.slice(1));
  const setting: unknown = Reflect.get(Object(field), OWN_LIMIT);
  return typeof setting === "string" ? ` (${setting})` : "";
}
