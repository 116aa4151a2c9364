import { createHash } from "node:crypto";
import { isRecord } from "@understudy/kernel";

/** They say how to wait for the outcome, not what is to happen: a retry may ask for something else. */
const WAITING_FIELDS: ReadonlySet<string> = new Set(["ack", "ackTimeoutMs", "timeoutMs"]);

/**
 * Tells two requests under one key apart: the SHA-256 of the route and of the checked body, whose fields may come in any order.
 * The body is as the validator leaves it, with its defaults, so that it is the same on the node that forwards and on the master.
 */
export function requestHash(route: string, body: unknown): Buffer {
  const asked = isRecord(body)
    ? Object.fromEntries(Object.entries(body).filter(([name]) => !WAITING_FIELDS.has(name)))
    : (body ?? null);
  return createHash("sha256")
    .update(`${route}\n${JSON.stringify(asked, inOrder)}`)
    .digest();
}

/** For `JSON.stringify`: an object's fields in the order of their names. */
function inOrder(_name: string, value: unknown): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries);
}
