import { HEADERS } from "@understudy/protocol";

const text = { type: "string" } as const;

/** Headers of every answer, by the key of their component. */
const ANSWER_HEADERS: Readonly<Record<string, { readonly name: string; readonly description: string }>> = {
  RequestId: { name: HEADERS.requestId, description: "The request's own id, or one that the node made." },
  Node: { name: HEADERS.node, description: "Id of the node that answers." },
  Role: { name: HEADERS.role, description: "What it answers as: `master` or `slave`." },
  Epoch: { name: HEADERS.epoch, description: "The epoch that it knows." },
  Position: { name: HEADERS.position, description: "Where its data is; after a write, where the write is." },
  LagMs: {
    name: HEADERS.lagMs,
    description: "How far it is behind the master; missing where that can't be known.",
  },
  ForwardedBy: { name: HEADERS.forwardedBy, description: "The slave that passed the request on." },
  IdempotencyReplayed: {
    name: HEADERS.idempotencyReplayed,
    description: "`true` where an earlier try with the same `Idempotency-Key` had this answer.",
  },
  WwwAuthenticate: { name: "www-authenticate", description: "`Bearer`: how to prove who one is." },
  RetryAfter: { name: "retry-after", description: "Seconds after which trying again makes sense." },
};

const OF_EVERY = ["RequestId", "Node", "Role", "Epoch", "Position", "LagMs", "ForwardedBy"] as const;

/** The part `components.headers`. */
export const HEADER_COMPONENTS = Object.fromEntries(
  Object.entries(ANSWER_HEADERS).map(([key, { description }]) => [key, { description, schema: text }]),
);

/** The part `components.parameters`. */
export const PARAMETER_COMPONENTS = {
  RequestId: {
    name: canonical(HEADERS.requestId),
    in: "header",
    required: false,
    description: "Taken over into the answer, every log line and error, where it is short and plain.",
    schema: { type: "string", pattern: "^[\\w.:-]{1,128}$" },
  },
  IdempotencyKey: {
    name: canonical(HEADERS.idempotencyKey),
    in: "header",
    required: false,
    description:
      "The first answer under a key is stored with the write itself and given again to every later try, at any node, for 24 hours.",
    schema: text,
  },
} as const;

/** References to the headers of a success. */
export function answerHeaders(takesKey: boolean): Record<string, { $ref: string }> {
  return referTo(takesKey ? [...OF_EVERY, "IdempotencyReplayed"] : OF_EVERY);
}

/** References to the headers of a problem of this status; those of every answer are not told again. */
export function problemHeaders(status: number): Record<string, { $ref: string }> {
  if (status === 401) return referTo(["RequestId", "WwwAuthenticate"]);
  return referTo([429, 503, 508].includes(status) ? ["RequestId", "RetryAfter"] : ["RequestId"]);
}

function referTo(keys: readonly string[]): Record<string, { $ref: string }> {
  return Object.fromEntries(
    keys.map((key) => [canonical(ANSWER_HEADERS[key]?.name ?? key), { $ref: `#/components/headers/${key}` }]),
  );
}

/** `x-request-id` → `X-Request-Id`. */
function canonical(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
