import { isObject } from "@understudy/kernel";
import type { NodeConfig } from "../config/node-config.ts";
import { environmentName } from "../config/setting-name.ts";
import type { HttpServer } from "./create-server.ts";
import { OWN_LIMIT } from "./request-invalid.ts";

/** The configuration's part in what requests may ask for. */
export type RequestLimits = Pick<NodeConfig, "statementTimeoutMsMax" | "rowsMax">;

/** Which setting bounds a field, wherever the field stands. */
const BOUNDS: Readonly<Record<string, keyof RequestLimits>> = {
  timeoutMs: "statementTimeoutMsMax",
  maxRows: "rowsMax",
};
/** Routes on which `limit` is a number of rows in the answer. */
const SELECTION = "/select";

/** Holds every route that is added from now on to the configuration's limits. */
export function limitRequests(server: Pick<HttpServer, "addHook">, limits: RequestLimits): void {
  server.addHook("onRoute", ({ url, schema }) => {
    if (schema?.body) schema.body = limitRequest(url, schema.body, limits);
    if (schema?.querystring) schema.querystring = limitRequest(url, schema.querystring, limits);
  });
}

/** The schema with the bounds of its fields lowered to those of the configuration, their defaults with them. */
function limitRequest(path: string, schema: unknown, limits: RequestLimits): unknown {
  if (!isObject(schema)) return schema;
  const properties: unknown = Reflect.get(schema, "properties");
  if (!isObject(properties)) return schema;
  const lowered: Record<string, object> = {};
  for (const [name, property] of Object.entries(properties) as [string, object][]) {
    const setting = name === "limit" && path === SELECTION ? "rowsMax" : BOUNDS[name];
    if (setting === undefined) continue;
    const max = limits[setting];
    if (numberOf(property, "maximum") <= max) continue;
    lowered[name] = changed(property, {
      maximum: max,
      [OWN_LIMIT]: environmentName(setting),
      ...("default" in property ? { default: Math.min(numberOf(property, "default"), max) } : {}),
    });
  }
  if (Object.keys(lowered).length === 0) return schema;
  return changed(schema, { properties: changed(properties, lowered) });
}

function numberOf(property: object, key: string): number {
  const value: unknown = Reflect.get(property, key);
  return typeof value === "number" ? value : Number.POSITIVE_INFINITY;
}

/** A copy with TypeBox's hidden marks and some fields of its own. */
function changed(schema: object, fields: object): object {
  return Object.assign(Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema)), fields);
}
