import { isObject } from "@understudy/kernel";

/** Fills defaults into a value, in place. */
export type FillDefaults = (value: unknown) => void;

/**
 * Makes what fills the defaults of a schema's own fields in: of objects and of the objects in lists. What a client names itself,
 * such as the columns of a record, is never touched. (TypeBox's own function leaves keys such as `constructor` out, and with
 * them a condition of a `where`.) Null for a schema without defaults. Each request goes through it, so the schema is read only once.
 */
export function compileDefaults(schema: object): FillDefaults | null {
  const ofItems = compileItems(schema);
  const ofFields = compileFields(schema);
  if (!ofItems && !ofFields) return null;
  return (value) => {
    if (Array.isArray(value)) ofItems?.(value);
    else if (isObject(value)) ofFields?.(value);
  };
}

function compileItems(schema: object): ((list: readonly unknown[]) => void) | null {
  const items: unknown = Reflect.get(schema, "items");
  const fill = isObject(items) ? compileDefaults(items) : null;
  if (!fill) return null;
  return (list) => {
    for (const item of list) fill(item);
  };
}

function compileFields(schema: object): ((value: object) => void) | null {
  const properties: unknown = Reflect.get(schema, "properties");
  if (!isObject(properties)) return null;
  const fields = Object.entries(properties).flatMap(([name, property]) => {
    if (!isObject(property)) return [];
    const fill = compileDefaults(property);
    const initial = Object.hasOwn(property, "default") ? initialOf(Reflect.get(property, "default")) : null;
    return fill || initial ? [{ name, fill, initial }] : [];
  });
  if (fields.length === 0) return null;
  return (value) => {
    for (const { name, fill, initial } of fields) {
      if (Object.hasOwn(value, name)) fill?.(Reflect.get(value, name));
      else if (initial) Reflect.set(value, name, initial());
    }
  };
}

/** Nobody may change another request's default; what can't be changed needs no copy. */
function initialOf(value: unknown): () => unknown {
  return typeof value === "object" ? () => structuredClone(value) : () => value;
}
