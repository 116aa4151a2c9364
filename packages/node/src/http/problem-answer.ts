import { isCodedError, messageOf, type CodedError, type Logger } from "@understudy/kernel";
import {
  BINLOG_MEDIA_TYPE,
  ERROR_TABLE,
  isErrorCode,
  PROBLEM_MEDIA_TYPE,
  UnderstudyError,
  type ErrorCode,
  type Problem,
} from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { drainBody } from "./drain-body.ts";
import { requestOutcome } from "./request-outcome.ts";

/** Seconds after which trying again makes sense, where the error brings no better word. */
const RETRY_AFTER_SECONDS = 1;

/** Makes every error an `application/problem+json` answer from the one error table. Set once, before any route. */
export async function problemAnswer(
  error: unknown,
  reply: FastifyReply,
  logger: Logger,
): Promise<FastifyReply> {
  const { request } = reply;
  const coded = codedErrorOf(error);
  requestOutcome(request).code = coded.code;
  const fields = { event: "request-failed", requestId: request.id, code: coded.code, path: pathOf(request) };
  if (coded.code === "internal") logger.error({ ...fields, err: error }, messageOf(error));
  else logger.debug(fields, coded.message);
  const problem = problemOf(coded, { instance: pathOf(request), requestId: request.id });
  if (problem.status === 503 || problem.status === 508) {
    reply.header("retry-after", String(RETRY_AFTER_SECONDS));
  }
  // a master reads while it sends, and what it still has to send may be long
  if (request.headers["content-type"] !== BINLOG_MEDIA_TYPE) await drainBody(request.raw);
  return reply.status(problem.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem));
}

/** The problem that any error is to whom asked. */
export function problemOfAny(error: unknown, request: FastifyRequest): Problem {
  return problemOf(codedErrorOf(error), { instance: pathOf(request), requestId: request.id });
}

/** The body of an error answer. */
export function problemOf(
  error: CodedError<ErrorCode>,
  request: { readonly instance: string; readonly requestId: string },
): Problem {
  const entry = ERROR_TABLE[error.code];
  return {
    ...error.details,
    type: `urn:understudy:error:${error.code}`,
    title: entry.title,
    status: entry.status,
    // what an unexpected error says is for the log; it may hold what clients should not see
    detail: error.code === "internal" ? entry.meaning : error.message,
    instance: request.instance,
    code: error.code,
    requestId: request.requestId,
    retryable: entry.retryable,
  };
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?")[0] ?? request.url;
}

function codedErrorOf(error: unknown): CodedError<ErrorCode> {
  if (error instanceof UnderstudyError) return error;
  if (isCodedError(error) && isErrorCode(error.code)) {
    return new UnderstudyError(error.code, error.message, { details: error.details, cause: error });
  }
  if (isFastifyError(error)) return fromFastify(error);
  return new UnderstudyError("internal", messageOf(error), { cause: error });
}

function isFastifyError(error: unknown): error is Error & { readonly statusCode: number } {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";
}

/** What Fastify itself refuses before a route sees it. */
function fromFastify(error: Error & { readonly statusCode: number }): UnderstudyError {
  const status = error.statusCode;
  if (status === 413) return new UnderstudyError("too-large", "the body is larger than this node accepts");
  if (status === 415) {
    return new UnderstudyError("invalid-request", "the body must be JSON, sent as application/json");
  }
  if (status >= 500) return new UnderstudyError("internal", error.message, { cause: error });
  return new UnderstudyError("invalid-request", error.message);
}
