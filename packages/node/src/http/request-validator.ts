import type { FastifySchemaCompiler } from "fastify";
import type Type from "typebox";
import { Compile } from "typebox/compile";
import { convertQueryText } from "./query-text.ts";
import { RequestInvalid } from "./request-invalid.ts";
import { compileDefaults } from "./schema-defaults.ts";

/**
 * Validates bodies as they are (no text becomes a number, no surplus field is dropped in silence) and query strings, where all
 * is text, after conversion. Defaults are filled in.
 */
export const requestValidator: FastifySchemaCompiler<Type.TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  const fillDefaults = compileDefaults(schema);
  return (data: unknown) => {
    const value = httpPart === "querystring" ? convertQueryText(schema, data) : data;
    fillDefaults?.(value);
    if (check.Check(value)) return { value };
    return { error: new RequestInvalid(httpPart ?? "body", check.Errors(value), schema) };
  };
};
