import { isObject } from "@understudy/kernel";

/**
 * Fills the defaults of a schema's own fields in, in place: of objects and of the objects in lists. What a client names itself,
 * such as the columns of a record, is never touched. (TypeBox's own function leaves keys such as `constructor` out, and with
 * them a condition of a `where`.)
 */
export function fillDefaults(schema: object, value: unknown): void {
  if (Array.isArray(value)) {
    const items: unknown = Reflect.get(schema, "items");
    if (!isObject(items)) return;
    for (const item of value) fillDefaults(items, item);
    return;
  }
  const properties: unknown = Reflect.get(schema, "properties");
  if (!isObject(value) || !isObject(properties)) return;
  for (const [name, property] of Object.entries(properties)) {
    if (!isObject(property)) continue;
    if (Object.hasOwn(value, name)) fillDefaults(property, Reflect.get(value, name));
    else if (Object.hasOwn(property, "default")) {
      Reflect.set(value, name, structuredClone(Reflect.get(property, "default")));
    }
  }
}
