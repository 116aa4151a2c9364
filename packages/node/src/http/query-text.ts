import { isObject } from "@understudy/kernel";

const NUMBER = /^-?\d{1,15}(?:\.\d{1,15})?$/;

/**
 * The fields of a query string as the schema's types, where their text spells such a value exactly; else they stay text, which
 * the schema then refuses. (TypeBox's own conversion makes 1 of `1.5` and 0 of nothing.)
 */
export function convertQueryText(schema: object, data: unknown): unknown {
  if (!isObject(data)) return data;
  const properties: unknown = Reflect.get(schema, "properties");
  if (!isObject(properties)) return data;
  return Object.fromEntries(
    Object.entries(data).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === "string" && Object.hasOwn(properties, name)
        ? convert(typeOf(properties[name]), value)
        : value,
    ]),
  );
}

function convert(type: unknown, text: string): unknown {
  if ((type === "integer" || type === "number") && NUMBER.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function typeOf(property: unknown): unknown {
  return isObject(property) ? property["type"] : undefined;
}
