import type { OutputValue } from "@understudy/protocol";
import type { RawConnection } from "./raw-connection.ts";

/** A row keyed by column. */
export type SqlRow = Record<string, OutputValue>;

/** What a statement without rows answered. */
export interface WriteResult {
  readonly affectedRows: number;
  readonly insertId: string | null;
  readonly warningCount: number;
  /** GTID of the transaction that it committed. */
  readonly gtid: string | null;
}

/** Promise face of one connection. Values come typed by column: BIGINT and DECIMAL as text, times as text, binary as base64. */
export interface SqlSession {
  readonly raw: RawConnection;
  /** Runs a statement that answers rows. `params` are positional; every value is bound. */
  rows(sql: string, params?: readonly SqlParam[]): Promise<SqlRow[]>;
  /** Runs a statement that answers none. */
  run(sql: string, params?: readonly SqlParam[]): Promise<WriteResult>;
}

/** A bound value of the node's own statements. */
export type SqlParam = string | number | bigint | boolean | null | Uint8Array;
