import { isAbortOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";

/**
 * Runs `task` with a signal that aborts when the caller's connection closes before it is done. Throws `node-unreachable` then,
 * for the log: nobody is there to be answered.
 */
export async function whileConnected<T>(
  request: FastifyRequest,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // kept here, since a request whose connection broke no longer has it
  const { socket } = request.raw;
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new DOMException("the caller has gone", "AbortError"));
  socket.once("close", onClose);
  try {
    return await task(gone.signal);
  } catch (error) {
    if (!isAbortOf(error, gone.signal)) throw error;
    throw new UnderstudyError("node-unreachable", "the caller has gone", { cause: error });
  } finally {
    socket.off("close", onClose);
  }
}
