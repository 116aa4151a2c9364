import type { Clock, Random } from "@understudy/kernel";
import type { NodeClient } from "./node-client.ts";

/** Options of {@link connect}. */
export interface UnderstudyClientOptions {
  /** URLs of one or more nodes; the others are learnt from them. */
  readonly nodes: readonly string[];
  readonly token?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Of a single try, where the call names none. Default: that of a node client. */
  readonly timeoutMs?: number | undefined;
  /** A call begins no new try later than this after its start. Default 15,000. */
  readonly retryForMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** Calls that any node answers. */
export type ReadCalls = Pick<
  NodeClient,
  "query" | "select" | "databases" | "database" | "tables" | "table" | "cluster"
>;
/** Calls that only the master carries out. */
export type WriteCalls = Pick<
  NodeClient,
  | "execute"
  | "batch"
  | "insert"
  | "update"
  | "delete"
  | "createDatabase"
  | "dropDatabase"
  | "createTable"
  | "dropTable"
>;

/**
 * Speaks to a whole cluster: writes go to the master wherever it is, reads to any node that answers.
 * A read is tried on one node after another. A write is tried again only where the first try surely changed nothing;
 * `write-uncertain`, `timeout` and `ack-timeout` are the caller's to judge. Reads do not wait for earlier writes.
 */
export interface UnderstudyClient extends ReadCalls, WriteCalls, AsyncDisposable {
  /** Position of the write that was confirmed last; null before the first. */
  readonly lastPosition: string | null;
  /** Where writes go now, as far as is known. */
  readonly leaderUrl: string | null;
}
