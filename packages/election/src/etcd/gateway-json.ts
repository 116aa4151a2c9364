import { isRecord } from "@understudy/kernel";

/** A field of what may have fields. */
export function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** What does not have the shape that etcd's gateway gives. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** An int64, which the gateway writes as text and leaves out where it is 0. Throws {@link MalformedAnswer}. */
export function int64Of(value: unknown, name: string): bigint {
  const field = fieldOf(value, name);
  if (field === undefined) return 0n;
  if (typeof field === "string" && /^-?\d{1,19}$/.test(field)) return BigInt(field);
  if (typeof field === "number" && Number.isSafeInteger(field)) return BigInt(field);
  throw new MalformedAnswer(`${name} is no int64`);
}

/** A list, which the gateway leaves out where it is empty. Throws {@link MalformedAnswer}. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  const field = fieldOf(value, name);
  if (field === undefined) return [];
  if (Array.isArray(field)) return field;
  throw new MalformedAnswer(`${name} is no list`);
}

/** Bytes as UTF-8 text, which the gateway writes in base64 and leaves out where they are none. Throws {@link MalformedAnswer}. */
export function base64TextOf(value: unknown, name: string): string {
  const field = fieldOf(value, name);
  if (field === undefined) return "";
  if (typeof field !== "string") throw new MalformedAnswer(`${name} is no text`);
  return Buffer.from(field, "base64").toString("utf8");
}

/** The store's revision in an answer's header, which every good answer has. Throws {@link MalformedAnswer}. */
export function headerRevisionOf(answer: unknown): bigint {
  const revision = int64Of(fieldOf(answer, "header"), "revision");
  if (revision < 1n) throw new MalformedAnswer("no revision in the header");
  return revision;
}

/** Text in base64, as the gateway takes bytes. */
export function toBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
