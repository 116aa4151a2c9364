import type { Transaction } from "./sim-database.ts";

/** A master's delivery to one slave; an empty one is a heartbeat. */
export interface Delivery {
  readonly from: string;
  readonly epoch: bigint;
  readonly session: number;
  /** How many transactions come before these. */
  readonly start: number;
  readonly transactions: readonly Transaction[];
  /** How many the master has. */
  readonly length: number;
  /** The newest round of asking who still follows. */
  readonly round: number;
  readonly wallMs: number;
}

/** A slave has the first `length` transactions of its master, on disk. */
export interface Ack {
  readonly from: string;
  readonly epoch: bigint;
  readonly session: number;
  readonly length: number;
  readonly round: number;
}

/** A slave asks to be delivered to. */
export interface JoinRequest {
  readonly nodeId: string;
  /** The highest epoch that it has obeyed. */
  readonly seenEpoch: bigint;
  /** It takes nothing from masters up to this epoch. */
  readonly dataEpoch: bigint;
  readonly length: number;
  readonly lastGtid: string | null;
}

/** What becomes of it. */
export type JoinAnswer =
  | { readonly kind: "deliver"; readonly epoch: bigint; readonly session: number; readonly length: number }
  /** It has what this history has not: it needs all anew. */
  | { readonly kind: "errant"; readonly epoch: bigint; readonly history: readonly Transaction[] }
  | { readonly kind: "refuse" };
