import { isObject } from "@understudy/kernel";
import type { FastifyRequest } from "fastify";
import { databaseOf } from "../planetscale/planetscale-call.ts";

/** Routes whose body names a database as `name`. */
const NAMED_BY_NAME: ReadonlySet<string> = new Set(["/createdb", "/dropdb"]);

/** The databases that a checked request names outside of SQL text. What the text names is the database server's to refuse. */
export function databasesNamedBy(request: FastifyRequest): string[] {
  const { body, query, params, headers, routeOptions } = request;
  const { url = "" } = routeOptions;
  const named = [body, query, params].map((part) => fieldOf(part, "database"));
  if (NAMED_BY_NAME.has(url)) named.push(fieldOf(body, "name"));
  if (url.startsWith("/psdb.")) named.push(databaseOf(headers.authorization));
  return named.filter((name) => name !== undefined);
}

function fieldOf(part: unknown, field: string): string | undefined {
  const value: unknown = isObject(part) ? Reflect.get(part, field) : undefined;
  return typeof value === "string" ? value : undefined;
}
