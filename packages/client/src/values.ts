import { isObject } from "@understudy/kernel";
import { UnderstudyError, type InputValue, type OutputValue, type TaggedValue } from "@understudy/protocol";

/**
 * What may be given for a parameter or a column. Beside JSON's own values: `bigint`, bytes (a `Buffer` too), `Date` (its UTC
 * time, to the millisecond), and what {@link decimal}, {@link datetime}, {@link json} and their like make.
 */
export type Value = InputValue | bigint | Uint8Array | Date;

/** Parameters of a statement: positional for `?`, named for `:name`. */
export type ValueParams = readonly Value[] | Readonly<Record<string, Value>>;

/** A row as it is answered by default. BIGINT, DECIMAL, dates and JSON are text; binary columns are base64 text. */
export type RowObject = Record<string, OutputValue>;

/** A row with `rows: "arrays"`. */
export type RowArray = OutputValue[];

/** Bytes for a binary column. */
export function blob(bytes: Uint8Array): TaggedValue {
  const { buffer, byteOffset, byteLength } = bytes;
  return { $type: "blob", value: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

/** An integer of up to 64 bits, as `bigint` or as the text that a BIGINT column is answered with. Throws `invalid-value`. */
export function bigint(value: bigint | string): TaggedValue {
  const text = String(value);
  if (!/^[+-]?\d{1,20}$/.test(text)) throw misfit(`not an integer: ${JSON.stringify(text.slice(0, 80))}`);
  return { $type: "bigint", value: text };
}

/** A decimal number by its digits, none of which is lost. */
export function decimal(digits: string): TaggedValue {
  return { $type: "decimal", value: digits };
}

/** A date or time: text as MySQL writes it, with up to six fraction digits, or a `Date`, of which the UTC time is taken. */
export function datetime(value: string | Date): TaggedValue {
  if (typeof value === "string") return { $type: "datetime", value };
  if (Number.isNaN(value.getTime())) throw misfit("an invalid Date");
  const text = value.toISOString();
  // years beyond 9999 have a sign and six digits; no server takes them
  if (!/^\d{4}-/.test(text)) throw misfit(`a Date out of range: ${text}`);
  return { $type: "datetime", value: text.replace("T", " ").replace("Z", "") };
}

/** Anything that JSON can say, for a JSON column. Throws `invalid-value` for what it can't. */
export function json(value: unknown): TaggedValue {
  const text: unknown = JSON.stringify(value);
  if (typeof text !== "string") throw misfit(`JSON cannot say ${typeof value}`);
  return { $type: "json", value: text };
}

/** Where a request's keys are names of columns or parameters. */
const VALUE_PLACES = /\/(?:params|records?|set|where)(?:\/|$)/;

/** How deep a request's own structure goes, with room. */
const DEPTH_MAX = 8;

/**
 * A request with every {@link Value} in it as the wire has it. Throws `invalid-value` with `details.path` for what has no such
 * form (`undefined` in an array, NaN, functions), rather than let JSON make null of it.
 */
export function encodeValues(request: object): object {
  const encoded = encode(request, "", 0);
  return isObject(encoded) ? encoded : {};
}

function encode(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw misfit(`${value} is not a value of SQL`, path);
      return value;
    case "bigint":
      return bigint(value);
    case "object":
      return value === null ? null : encodeObject(value, path, depth);
    case "undefined":
    case "function":
    case "symbol":
      throw misfit(`${typeof value} is not a value of SQL; null is NULL`, path);
    default:
      throw misfit("not a value of SQL", path);
  }
}

function encodeObject(value: object, path: string, depth: number): unknown {
  if (value instanceof Uint8Array) return blob(value);
  if (value instanceof Date) return datetime(value);
  if (depth > DEPTH_MAX) throw misfit("nested too deep; a JSON column takes json(value)", path);
  if (Array.isArray(value)) return value.map((one, index) => encode(one, `${path}/${index}`, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw misfit(`a ${value.constructor.name} is not a value of SQL`, path);
  }
  const encoded: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, one] of Object.entries(value)) {
    // an option that is undefined is one that is left out; a value that is undefined is a mistake
    if (one !== undefined || VALUE_PLACES.test(path)) encoded[key] = encode(one, `${path}/${key}`, depth + 1);
  }
  return encoded;
}

function misfit(reason: string, path?: string): UnderstudyError {
  const place = path === undefined ? "" : `${path}: `;
  return new UnderstudyError("invalid-value", `${place}${reason}`, {
    details: path === undefined ? {} : { path },
  });
}
