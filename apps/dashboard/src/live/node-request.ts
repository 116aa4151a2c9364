import type { CallOptions, NodeClient } from "@understudy/client";
import { isErrorCode, UnderstudyError } from "@understudy/protocol";

/** An endpoint that {@link NodeClient} has no call for. */
export interface NodeRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query string. */
  readonly path: string;
  readonly body?: object;
}

/**
 * Asks a node for JSON. Throws an `UnderstudyError` with the node's own code where it answers with a problem, `internal` where
 * its answer is no JSON object. The caller narrows what it gets.
 */
export async function requestJson(
  node: NodeClient,
  request: NodeRequest,
  options?: CallOptions,
): Promise<object> {
  const headers = request.body ? { "content-type": "application/json" } : {};
  const body = request.body ? JSON.stringify(request.body) : undefined;
  const answer = await node.forward(
    { method: request.method, path: request.path, headers, body, isOwn: true },
    options,
  );
  const json = parsed(answer.body.toString("utf8"));
  if (json === null) {
    throw new UnderstudyError(
      "internal",
      `${node.url}${request.path} answered something that is no JSON (status ${answer.status})`,
    );
  }
  if (answer.status >= 200 && answer.status < 300) return json;
  const { code, detail } = { code: "internal", detail: `status ${answer.status}`, ...json };
  const known = isErrorCode(code) ? code : "internal";
  throw new UnderstudyError(known, detail, { details: { status: answer.status, code } });
}

function parsed(text: string): object | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" ? json : null;
  } catch {
    return null;
  }
}
