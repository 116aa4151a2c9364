import { isCodedError } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { endToEnd, forwardedHeaders } from "./forward.ts";
import type { CallOptions, ForwardReadRequest, ForwardStream } from "./node-client.ts";
import type { NodeConnection } from "./node-connection.ts";

/** @see NodeClient.forwardStream */
export async function forwardStreamThrough(
  connection: NodeConnection,
  forwarded: ForwardReadRequest,
  options?: CallOptions,
): Promise<ForwardStream> {
  const { method, path, body } = forwarded;
  try {
    const request = { method, path, headers: forwardedHeaders(forwarded), body };
    const answer = await connection.openApart(request, options);
    return {
      status: answer.status,
      headers: endToEnd(answer.headers, []),
      async *body() {
        try {
          yield* answer.body;
        } catch (error) {
          throw answer.inWords(error);
        } finally {
          answer.close();
        }
      },
      [Symbol.dispose]: () => answer.close(),
    };
  } catch (error) {
    if (!isCodedError(error, "node-unreachable")) throw error;
    throw new UnderstudyError("no-leader", `the master can't be reached: ${error.message}`, {
      details: error.details,
      cause: error,
    });
  }
}
