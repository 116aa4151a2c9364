import { randomToken } from "@understudy/kernel";
import { HEADERS } from "@understudy/protocol";
import type { IncomingMessage } from "node:http";

/** Ids of others are taken over where they are short and plain, so that they can't forge log lines or headers. */
const PLAIN = /^[\w.:-]{1,128}$/;

/** The request's own id, or a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers[HEADERS.requestId];
  return typeof given === "string" && PLAIN.test(given) ? given : randomToken(9);
}
