import type { DatabaseServer } from "@understudy/database-server";

/** Something that replicates from the source into a database server of its own. */
export interface Replica {
  /** As it is called in the results. */
  readonly name: string;
  readonly database: DatabaseServer;
  /** Process ids of what replicates, without the source; null for what does not run. */
  readonly pids: readonly (number | null)[];
  /** Begins to replicate from where it stands. Resolves when it was told to, not when it is in sync. */
  start(): Promise<void>;
  /** Ends it, so that changes pile up in the source's binlog. */
  stop(): Promise<void>;
  /** Like `stop`, and takes all that costs time while another replica is measured under load. */
  rest(): Promise<void>;
}
