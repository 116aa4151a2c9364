import type { CallOptions, ForwardAnswer, NodeClient } from "@understudy/client";
import { isCodedError, isObject, parseJson } from "@understudy/kernel";
import { isErrorCode, UnderstudyError } from "@understudy/protocol";

/** An endpoint that {@link NodeClient} has no call for. */
export interface NodeRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query string. */
  readonly path: string;
  readonly body?: object;
}

/**
 * Asks a node for JSON, under the dashboard's token. Throws an `UnderstudyError` with the node's own code where it answers with a
 * problem, `internal` where its answer is no JSON object, `node-unreachable` where none came. The caller narrows what it gets.
 */
export async function requestJson(
  node: NodeClient,
  request: NodeRequest,
  options?: CallOptions,
): Promise<object> {
  const headers = request.body ? { "content-type": "application/json" } : {};
  const body = request.body ? JSON.stringify(request.body) : undefined;
  const answer = await answerOf(node, { ...request, headers, body, isOwn: true }, options);
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

/** Whoever looks at a node wants to hear of this node, and not of a master to which it might have passed something on. */
async function answerOf(
  node: NodeClient,
  request: Parameters<NodeClient["forward"]>[0],
  options?: CallOptions,
): Promise<ForwardAnswer> {
  try {
    return await node.forward(request, options);
  } catch (error) {
    if (isCodedError(error, "no-leader") && error.cause instanceof Error) throw error.cause;
    if (!isCodedError(error, "write-uncertain")) throw error;
    const said = `${error.message}, so that nobody knows whether it has done what was asked`;
    throw new UnderstudyError("node-unreachable", said, { cause: error });
  }
}

function parsed(text: string): object | null {
  const json = parseJson(text);
  return isObject(json) ? json : null;
}
