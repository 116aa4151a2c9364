import { isObject, parseJson } from "@understudy/kernel";

/** The fields of a JSON object; none where the text is something else. */
export function objectOf(text: string): Record<string, unknown> {
  const value = parseJson(text);
  return isObject(value) ? value : {};
}
