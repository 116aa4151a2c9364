import { isRecord } from "@understudy/kernel";
import { EtcdFailure, type EtcdFailureKind } from "./etcd-failure.ts";
import { fieldOf } from "./gateway-json.ts";

interface Verdict {
  readonly kind: EtcdFailureKind;
  readonly isUndone: boolean;
  readonly advice?: string;
}

const undone = (kind: EtcdFailureKind, advice?: string): Verdict => ({
  kind,
  isUndone: true,
  ...(advice === undefined ? {} : { advice }),
});

/**
 * By etcd's own text, where its gRPC code does not tell enough.
 * @see https://github.com/etcd-io/etcd/blob/release-3.4/etcdserver/api/v3rpc/rpctypes/error.go
 */
const BY_TEXT: readonly (readonly [RegExp, Verdict])[] = [
  [/invalid auth token|revision of auth store is old|user name is empty/, undone("token")],
  [/authentication is not enabled/, undone("auth-off")],
  [/authentication failed/, undone("login", "correct etcd's user name and password")],
  [/permission denied/, undone("permission", "grant the user readwrite on the prefix")],
  [/lease not found/, undone("lease-gone")],
  [/no leader/, undone("unreachable", "it is cut off from most of etcd's members")],
  [/too many requests|learner|not capable/, undone("unreachable")],
  [/database space exceeded/, undone("unreachable", "compact and defragment it, then disarm the alarm")],
];

/** By gRPC code. Others (unavailable, deadline, cancelled, unknown, …) leave open what happened. */
const BY_CODE: Readonly<Record<number, Verdict>> = {
  3: undone("rejected"),
  5: undone("rejected"),
  7: undone("permission", "grant the user readwrite on the prefix"),
  8: undone("unreachable"),
  9: undone("rejected"),
  11: undone("rejected"),
  12: undone("rejected", "etcd 3.4 or newer is needed"),
  16: undone("token"),
};

const OPEN: Verdict = { kind: "unreachable", isUndone: false };

/** What an error document of etcd's gateway means, plain or wrapped as a stream's; undefined where `json` is none. */
export function etcdRefusal(json: unknown): EtcdFailure | undefined {
  if (!isRecord(json)) return undefined;
  const error = fieldOf(json, "error");
  // 3.4 and 3.5 put a text into `error`, a stream's failure an object, 3.6 leaves it out
  const document = isRecord(error) ? error : json;
  const text = fieldOf(document, "message") ?? error;
  const code = Number(fieldOf(document, "code") ?? fieldOf(document, "grpc_code") ?? Number.NaN);
  if (typeof text !== "string" || (error === undefined && Number.isNaN(code))) return undefined;
  return refusalOf(text, code);
}

/** What an error of etcd means by its text and gRPC code (NaN where only the text is known). */
export function refusalOf(text: string, code: number): EtcdFailure {
  const verdict = BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? BY_CODE[code] ?? OPEN;
  const advice = verdict.advice === undefined ? "" : `: ${verdict.advice}`;
  return new EtcdFailure(`answers "${text}"${advice}`, verdict);
}

/**
 * Written by etcd before its gateway, as plain text: with `--client-cert-auth` and authentication on it could not tell whom a log-in is for.
 * @see https://github.com/etcd-io/etcd/blob/release-3.4/embed/serve.go
 */
const COMMON_NAME = /^CommonName of client/;

/** An answer that etcd's gateway does not give. */
export function notEtcd(status: number, text: string): EtcdFailure {
  if (COMMON_NAME.test(text)) {
    const advice =
      "where etcd checks certificates (--client-cert-auth) and asks for a log-in as well, the node's certificate for etcd must have no CommonName: issue one with alternative names alone";
    return new EtcdFailure(`answers "${text.trim()}": ${advice}`, undone("permission"));
  }
  const advice = text.includes("HTTP request to an HTTPS server")
    ? "it speaks TLS there: use https://"
    : "is it etcd 3.4 or newer, and all of it up?";
  return new EtcdFailure(
    `answers what etcd's JSON gateway does not (status ${status}, ${shortened(text)}): ${advice}`,
    {
      kind: "unreachable",
      isUndone: false,
    },
  );
}

function shortened(text: string): string {
  return text === "" ? "empty" : JSON.stringify(text.slice(0, 80));
}
