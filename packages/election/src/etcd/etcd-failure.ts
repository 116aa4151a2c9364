import { tlsFailureWords } from "@understudy/tls";

/**
 * What a failed try means. `unreachable`: this member can't be asked, another one may. `token`: log in again. `login`,
 * `permission`: the user may not. `auth-off`: a log-in where etcd wants none. `lease-gone`: the lease is over. `rejected`: the
 * request itself is wrong.
 */
export type EtcdFailureKind =
  "unreachable" | "token" | "login" | "permission" | "auth-off" | "lease-gone" | "rejected";

interface EtcdFailureFacts {
  readonly kind: EtcdFailureKind;
  /** True where the request surely had no effect; false where nobody knows. */
  readonly isUndone: boolean;
  readonly cause?: unknown;
}

/** A try at one endpoint that brought nothing. The message goes on after the endpoint's URL. */
export class EtcdFailure extends Error {
  readonly kind: EtcdFailureKind;
  readonly isUndone: boolean;

  constructor(message: string, facts: EtcdFailureFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = "EtcdFailure";
    this.kind = facts.kind;
    this.isUndone = facts.isUndone;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections: is etcd running there, and is the port right?",
  ENOTFOUND: "has a host name that can't be resolved: correct the URL",
  EAI_AGAIN: "has a host name that can't be resolved now",
  EHOSTUNREACH: "is on a host that can't be reached",
  ENETUNREACH: "is on a network that can't be reached",
  ECONNRESET: "reset the connection",
  EPIPE: "closed the connection",
  UND_ERR_SOCKET: "closed the connection",
  ETIMEDOUT: "could not be connected to in time",
  UND_ERR_CONNECT_TIMEOUT: "could not be connected to in time",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "cut its answer short",
};

/** Over TLS a refusal is often seen only as an end of the connection: of its alert nothing is left by then. */
const TLS_WORDS: Readonly<Record<string, string>> = {
  ECONNRESET:
    "ended the TLS handshake: does it speak TLS there (else use http://), and with such certificates?",
  UND_ERR_SOCKET:
    "closed the TLS connection: if it wants a client certificate, give one of an authority that it knows",
};

/** Puts an error of the connection into words. */
export function connectionFailure(
  error: unknown,
  { isUndone, isTls }: { readonly isUndone: boolean; readonly isTls: boolean },
): EtcdFailure {
  if (error instanceof EtcdFailure) return error;
  const { code, message } = describe(error);
  const words =
    (isTls ? (TLS_WORDS[code] ?? tlsFailureWords(error)) : null) ??
    WORDS[code] ??
    `can't be spoken to: ${message || code}`;
  return new EtcdFailure(words, { kind: "unreachable", isUndone, cause: error });
}

function describe(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  // undici tries each address of a name; the first one's error tells as much as the others'
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code =
    first instanceof Error && "code" in first && typeof first.code === "string" ? first.code : error.name;
  return { code, message: first instanceof Error ? first.message : error.message };
}
