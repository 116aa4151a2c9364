import { isCodedError } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { CallOptions, ForwardAnswer, ForwardRequest } from "./node-client.ts";
import type { NodeConnection } from "./node-connection.ts";

/** Headers that belong to one connection and not to the message (RFC 9110, 7.6.1), or that the client sets itself. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** @see NodeClient.forward */
export async function forwardThrough(
  connection: NodeConnection,
  request: ForwardRequest,
  options?: CallOptions,
): Promise<ForwardAnswer> {
  const { method, path, body } = request;
  const headers = forwardedHeaders(request);
  const effect = method === "GET" || method === "HEAD" ? "repeatable" : "once";
  try {
    const answer = await connection.send({ method, path, headers, body }, effect, options);
    return { ...answer, headers: endToEnd(answer.headers, []) };
  } catch (error) {
    if (!isCodedError(error, "node-unreachable")) throw error;
    throw new UnderstudyError("no-leader", `the master can't be reached: ${error.message}`, {
      details: error.details,
      cause: error,
    });
  }
}

/** What goes on with a request of somebody else: under their authorization or none, never under the client's own. */
export function forwardedHeaders({
  headers,
  isOwn = false,
}: Pick<ForwardRequest, "headers" | "isOwn">): Record<string, string> {
  return { ...(isOwn ? {} : { authorization: "" }), ...endToEnd(headers, ["host", "content-length"]) };
}

/** The headers without those of one connection, and without some others. */
export function endToEnd(
  headers: Readonly<Record<string, string>>,
  others: readonly string[],
): Record<string, string> {
  const named = (headers["connection"] ?? "").split(",").map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => {
      const lower = name.toLowerCase();
      return !CONNECTION_HEADERS.has(lower) && !others.includes(lower) && !named.includes(lower);
    }),
  );
}
