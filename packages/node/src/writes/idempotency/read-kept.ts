import { UnderstudyError } from "@understudy/protocol";
import { isForwardingKey } from "./idempotency-key.ts";
import { isGenuine, type SealedRow } from "./kept-row.ts";
import type { KeyedOutcome, KeyedRequest } from "./keyed-request.ts";
import { isSame, mismatch } from "./running-keys.ts";
import type { StatementKind } from "./statement-kind.ts";

/** What an `intent` row says of the statement. */
export interface Intent {
  readonly statement: StatementKind;
  /** The error with which it ended, where that does not tell what it did before. */
  readonly failure?: string;
}

/** What a row says to a request under its key. `void`: nothing, as if it were not there. */
export type Reading =
  { readonly kind: "void" } | { readonly kind: "replay"; readonly outcome: Omit<KeyedOutcome, "gtid"> };

/**
 * Reads a row for a request. Throws `idempotency-mismatch` where it belongs to another request, `idempotency-unresolved` where it can't
 * be told whether the write happened, `too-large` where it happened but its answer was not kept.
 */
export function readKept(
  row: SealedRow,
  request: Pick<KeyedRequest, "key" | "hash">,
  { secret, nowMs }: { readonly secret: Uint8Array; readonly nowMs: number },
): Reading {
  if (!isGenuine(row, secret) || row.expiresMs <= nowMs) return { kind: "void" };
  if (!isSame(row.hash, request.hash)) throw mismatch();
  if (row.state === "intent") throw unresolved(row);
  if (row.answer === null) {
    throw new UnderstudyError(
      "too-large",
      "an earlier try of this write is committed, but its answer was too large to be kept and can't be given again",
      { details: { committed: true } },
    );
  }
  const answer = JSON.parse(row.answer) as object;
  return { kind: "replay", outcome: { answer, status: row.status, isReplayed: true, retries: 0 } };
}

/** True where an answer that can't be kept must not stop the write: no client can repair a key that it does not know. */
export function mayGoUnkept(key: string): boolean {
  return isForwardingKey(key);
}

function unresolved(row: SealedRow): UnderstudyError {
  const { statement, failure } = JSON.parse(row.answer ?? "{}") as Partial<Intent>;
  const firstTry = new Date(row.createdMs).toISOString();
  const ended = failure === undefined ? "without a known end" : `with an error (${failure})`;
  return new UnderstudyError(
    "idempotency-unresolved",
    `a ${statement ?? "statement"} commits by itself, and an earlier try of this one, begun at ${firstTry} on ${row.nodeId}, ended ${ended}: ` +
      "all, part or nothing of it may be done. Look at the data; send what is missing under a new key",
    { details: { firstTry, node: row.nodeId, statement: statement ?? null } },
  );
}
