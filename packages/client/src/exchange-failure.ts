import { CodedError } from "@understudy/kernel";
import { tlsFailureWords } from "@understudy/tls";

/** How far an exchange got: its request surely not sent, perhaps (partly) sent, or its answer begun. */
export type ExchangeStage = "unsent" | "sent" | "answering";

/** Why an exchange failed. `closed`: the client itself was disposed. `malformed`: the request or the answer is no HTTP. */
export type ExchangeFailureKind = "connection" | "timeout" | "too-large" | "malformed" | "closed";

interface ExchangeFailureFacts {
  readonly stage: ExchangeStage;
  readonly kind: ExchangeFailureKind;
  readonly cause?: unknown;
}

/** An exchange that brought no whole answer. The message goes on after the node's URL: "http://a:1 refuses connections". */
export class ExchangeFailure extends Error {
  readonly stage: ExchangeStage;
  readonly kind: ExchangeFailureKind;

  constructor(message: string, facts: ExchangeFailureFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = "ExchangeFailure";
    this.stage = facts.stage;
    this.kind = facts.kind;
  }
}

const WORDS: Readonly<Record<string, readonly [ExchangeFailureKind, string]>> = {
  ECONNREFUSED: ["connection", "refuses connections"],
  ENOTFOUND: ["connection", "has a host name that can't be resolved"],
  EAI_AGAIN: ["connection", "has a host name that can't be resolved now"],
  EHOSTUNREACH: ["connection", "is on a host that can't be reached"],
  ENETUNREACH: ["connection", "is on a network that can't be reached"],
  ECONNRESET: ["connection", "reset the connection"],
  EPIPE: ["connection", "closed the connection"],
  UND_ERR_SOCKET: ["connection", "closed the connection"],
  UND_ERR_CONNECT_TIMEOUT: ["timeout", "could not be connected to in time"],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["connection", "cut its answer short"],
  UND_ERR_CLOSED: ["closed", "is not spoken to any more: the client was closed"],
  UND_ERR_DESTROYED: ["closed", "is not spoken to any more: the client was closed"],
  UND_ERR_INVALID_ARG: ["malformed", "can't be sent such a request"],
  UND_ERR_NOT_SUPPORTED: ["malformed", "can't be sent such a request"],
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: ["malformed", "was promised another number of bytes"],
  UND_ERR_HEADERS_OVERFLOW: ["malformed", "answered with too many headers"],
};

/** Puts an error of undici into words. What a caller's own body iterator threw stays as it is. */
export function failureOf(error: Error, stage: ExchangeStage): Error {
  if (error instanceof ExchangeFailure || error instanceof CodedError) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const [kind, words] = WORDS[code] ?? unforeseen(error, code);
  return new ExchangeFailure(words, { stage, kind, cause: error });
}

function unforeseen(error: Error, code: string): readonly [ExchangeFailureKind, string] {
  const tlsWords = tlsFailureWords(error);
  if (tlsWords !== null) return ["connection", tlsWords];
  if (error.name === "HTTPParserError") return ["malformed", "answered something that is not HTTP"];
  return ["connection", `can't be spoken to: ${error.message || code || error.name}`];
}
