import { createHmac, timingSafeEqual } from "node:crypto";

/** What `understudy.idempotency_keys` says under a key. */
export interface KeptRow {
  readonly key: string;
  readonly hash: Uint8Array;
  /** `intent`: a statement that commits by itself was about to run. `done`: the write is committed. */
  readonly state: "intent" | "done";
  readonly status: number;
  /** JSON: of a `done` row the answer, or null where it was too large to be kept; of an `intent` what was about to run. */
  readonly answer: string | null;
  /** The node that ran it. */
  readonly nodeId: string;
  readonly createdMs: number;
  /** From then on it counts as not there. */
  readonly expiresMs: number;
}

/** A row with the seal by which nodes know their own. */
export interface SealedRow extends KeptRow {
  readonly mac: Uint8Array;
}

/**
 * Seals a row with the cluster's secret. The row is written under the account of client SQL, so that a client could write one as
 * well; only a node can seal it.
 */
export function sealRow(row: KeptRow, secret: Uint8Array): SealedRow {
  return { ...row, mac: macOf(row, secret) };
}

/** True where a node of this cluster wrote the row, as it is. */
export function isGenuine(row: SealedRow, secret: Uint8Array): boolean {
  return row.mac.length === 32 && timingSafeEqual(row.mac, macOf(row, secret));
}

function macOf(row: KeptRow, secret: Uint8Array): Buffer {
  const fields = [
    row.key,
    Buffer.from(row.hash).toString("hex"),
    row.state,
    row.status,
    row.answer,
    row.nodeId,
    row.createdMs,
    row.expiresMs,
  ];
  return createHmac("sha256", secret).update(JSON.stringify(fields)).digest();
}
