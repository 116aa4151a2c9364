import { READ_OPTIONS, SelectRequest, UnderstudyError } from "@understudy/protocol";
import Type, { type Static } from "typebox";
import { requestValidator } from "../http/request-validator.ts";

const text = Type.Optional(Type.String({ minLength: 1 }));

/** `GET /select?database=…&table=…`: the request of `POST /select` as a query string. */
export const SelectQuerystring = Type.Object(
  {
    database: Type.String({ minLength: 1 }),
    table: Type.String({ minLength: 1 }),
    /** Names separated by commas. */
    columns: text,
    /** JSON, as in the body. */
    where: text,
    /** `name` or `name:desc`, separated by commas. */
    orderBy: text,
    limit: SelectRequest.properties.limit,
    offset: SelectRequest.properties.offset,
    ...READ_OPTIONS,
  },
  { additionalProperties: false },
);
/** @see SelectQuerystring */
export type SelectQuerystring = Static<typeof SelectQuerystring>;

const validate = requestValidator({
  schema: SelectRequest,
  method: "GET",
  url: "/select",
  httpPart: "body",
});

/** The request that a query string spells. Throws `invalid-request`. */
export function selectRequestOf(query: SelectQuerystring): SelectRequest {
  const { columns, where, orderBy, ...rest } = query;
  const request: Record<string, unknown> = { ...rest };
  if (columns !== undefined) request["columns"] = columns.split(",");
  if (where !== undefined) request["where"] = parseJson(where);
  if (orderBy !== undefined) request["orderBy"] = orderBy.split(",").map(orderOf);
  const result: unknown = validate(request);
  if (isRefusal(result)) throw result.error;
  // validated against the very schema right above
  return request as SelectRequest;
}

function orderOf(part: string): { column: string; direction: string } {
  const at = part.lastIndexOf(":");
  if (at < 0) return { column: part, direction: "asc" };
  return { column: part.slice(0, at), direction: part.slice(at + 1).toLowerCase() };
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new UnderstudyError("invalid-request", "where in the query string is not JSON", {
      details: { path: "/where" },
    });
  }
}

function isRefusal(result: unknown): result is { readonly error: Error } {
  return typeof result === "object" && result !== null && "error" in result && result.error instanceof Error;
}
