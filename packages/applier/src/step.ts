import type { BinlogEvent } from "@understudy/binlog";
import type { ComQuery, SqlPiece } from "./com-query.ts";

/** A whole transaction as text that commits by itself. */
export interface BatchEntry {
  readonly gtid: string;
  /** Its last table map, for the word on a failure. */
  readonly tableMap: BinlogEvent | null;
  /** Its statements; ASCII once the rows are base64. */
  readonly sql: readonly SqlPiece[];
  /** Length of that text. */
  readonly bytes: number;
  /** How many OKs its statements answer with, each on its own. */
  readonly answers: number;
  /** Whether it marks that it is whole, see wholeness.ts. */
  readonly isMarked: boolean;
}

/** Many small transactions in one packet. */
export interface BatchStep {
  readonly kind: "batch";
  readonly entries: readonly BatchEntry[];
  readonly query: ComQuery;
  readonly answers: number;
}

/** One packet of a transaction that takes several. */
export interface ActionStep {
  readonly kind: "action";
  readonly gtid: string;
  readonly tableMap: BinlogEvent | null;
  readonly pieces: readonly SqlPiece[];
  /** Errors of the server that do not matter here. */
  readonly tolerated: readonly number[];
  /** The error with which the statement ended on the master, and so must end here; 0 for none. */
  readonly expectedErrno: number;
  /** What leads here from a rolled back session, when this statement met a lock; null where that is no longer in memory. */
  readonly replay: readonly ActionStep[] | null;
}

/** Work for the server, in order. */
export type Step =
  | BatchStep
  | ActionStep
  /** The format description for the `BINLOG` statements that follow. */
  | { readonly kind: "format"; readonly event: BinlogEvent }
  /** The transaction is committed by what came before; on MySQL its GTID must be used up, if only by nothing. */
  | { readonly kind: "finish"; readonly gtid: string }
  /** The session must be left, so that a prepared XA transaction stands by itself (MariaDB). */
  | { readonly kind: "detach"; readonly gtid: string }
  /** A transaction that was begun will not be completed. */
  | { readonly kind: "abandon" };
