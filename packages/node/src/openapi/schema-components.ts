import { isRecord } from "@understudy/kernel";
import * as protocol from "@understudy/protocol";

/** A schema as plain JSON. */
export type SchemaJson = Readonly<Record<string, unknown>>;

/** Says the same more plainly: any key at all. */
const ANY_KEY = "^.*$";

/**
 * Turns schemas into JSON in which every schema that `protocol` exports under a name is a reference. They are known by what they
 * say, since an optional field holds a copy.
 */
export class SchemaComponents {
  readonly #names = new Map<string, string>();
  readonly #used = new Map<string, SchemaJson>();

  constructor() {
    for (const [name, value] of Object.entries(protocol)) {
      if (isSchema(value)) this.#names.set(JSON.stringify(value), name.replace(/_$/, ""));
    }
  }

  /** A reference where the schema has a name, else the schema itself. */
  reference(schema: object): SchemaJson {
    const name = this.#names.get(JSON.stringify(schema));
    if (name === undefined) return this.#convert(schema);
    if (!this.#used.has(name)) {
      // noted first: what refers to itself must come to an end
      this.#used.set(name, {});
      this.#used.set(name, this.#convert(schema));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** Every schema that was referred to, by its name. */
  all(): Readonly<Record<string, SchemaJson>> {
    return Object.fromEntries([...this.#used].toSorted(([a], [b]) => a.localeCompare(b)));
  }

  #convert(schema: object): SchemaJson {
    const json = Object.fromEntries(
      Object.entries(schema).map(([key, value]: [string, unknown]) => [key, this.#convertValue(key, value)]),
    );
    return withTypeOfEnum(withPlainKeys(json));
  }

  #convertValue(key: string, value: unknown): unknown {
    if (Array.isArray(value)) {
      const isList = key === "anyOf" || key === "allOf" || key === "oneOf";
      return isList ? value.map((item: unknown) => (isRecord(item) ? this.reference(item) : item)) : value;
    }
    if (!isRecord(value)) return value;
    if (key === "properties" || key === "patternProperties") {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]: [string, unknown]) => [
          name,
          isRecord(item) ? this.reference(item) : item,
        ]),
      );
    }
    return key === "items" || key === "additionalProperties" ? this.reference(value) : value;
  }
}

function withPlainKeys(json: SchemaJson): SchemaJson {
  const { patternProperties, ...rest } = json;
  if (!isRecord(patternProperties) || !Object.hasOwn(patternProperties, ANY_KEY)) return json;
  return { ...rest, additionalProperties: patternProperties[ANY_KEY] };
}

/** TypeBox leaves it out, and then readers of the document have to guess. */
function withTypeOfEnum(json: SchemaJson): SchemaJson {
  const values = json["enum"];
  if (!Array.isArray(values) || "type" in json) return json;
  return values.every((value) => typeof value === "string") ? { type: "string", ...json } : json;
}

function isSchema(value: unknown): value is object {
  return isRecord(value) && "~kind" in value;
}
