import type { BinlogEvent } from "./binlog-event.ts";

/** What a GTID event says of the transaction that it opens. */
export interface TransactionHeader {
  /** `uuid:7`, `uuid:tag:7` or `0-1-7`. */
  readonly gtid: string;
  /**
   * Which transactions it may run beside. MySQL: it may start once all of the same binlog file whose `sequenceNumber` is at
   * most `lastCommitted` are done. MariaDB: transactions in a row with the same `commitId` are independent; null commits alone.
   */
  readonly parallel:
    | { readonly kind: "logical-clock"; readonly lastCommitted: bigint; readonly sequenceNumber: bigint }
    | { readonly kind: "group-commit"; readonly commitId: bigint | null };
  /** MariaDB's `standalone` flag or MySQL's lack of BEGIN is only known later; this tells MariaDB's flags byte, 0 on MySQL. */
  readonly flags: number;
  /** When it was committed at its origin, milliseconds since 1970; MariaDB knows only whole seconds. */
  readonly committedAtMs: number;
}

/**
 * A binlog as transactions, piece by piece, so that no transaction need be held whole. Per transaction: one `begin`, any
 * number of `event`s, one `end`, whose event is the last one (Xid, COMMIT, XA PREPARE or a standalone DDL).
 * `format` is a format description event; `heartbeat` says that the source is alive and idle (never inside a transaction).
 */
export type TransactionPart =
  | { readonly kind: "format"; readonly event: BinlogEvent }
  | { readonly kind: "begin"; readonly header: TransactionHeader; readonly event: BinlogEvent }
  | { readonly kind: "event"; readonly event: BinlogEvent }
  | { readonly kind: "end"; readonly event: BinlogEvent }
  | { readonly kind: "heartbeat" };
