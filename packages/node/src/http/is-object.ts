/** True for what has keys, lists included. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
