import type { ErrorCode } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";

/** What became of a request, beyond the status of its answer: for the log and the metrics. */
export interface RequestOutcome {
  /** Of an error answer; null for any other. */
  code: ErrorCode | null;
  /** The key of a write, the client's own or one that this node has given it to pass it on. */
  idempotencyKey: string | null;
  /** Of the interactive transaction that the request was about. */
  transactionId: string | null;
  /** True where the master was asked. */
  isForwarded: boolean;
}

const outcomes = new WeakMap<FastifyRequest, RequestOutcome>();

/** The outcome of a request, to be read and to be added to while it is worked on. */
export function requestOutcome(request: FastifyRequest): RequestOutcome {
  const known = outcomes.get(request);
  if (known) return known;
  const fresh = { code: null, idempotencyKey: null, transactionId: null, isForwarded: false };
  outcomes.set(request, fresh);
  return fresh;
}
