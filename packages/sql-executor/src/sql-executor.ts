import { orAbort, type Clock, type Logger } from "@understudy/kernel";
import type {
  BatchRequest,
  Column,
  DatabaseDescription,
  OutputValue,
  Params,
  TableDescription,
  TablesAnswer,
  Warning,
} from "@understudy/protocol";
import { AdminSession } from "./admin-session.ts";
import type { DatabaseEndpoint } from "./database-endpoint.ts";
import { DatabaseSession } from "./database-session.ts";
import { Executor } from "./executor.ts";
import { connectRaw } from "./raw-connection.ts";
import { detectServer, type ServerInfo } from "./server-info.ts";
import type { SqlSession } from "./sql-session.ts";

/** A statement with its parameters. */
export interface SqlStatement {
  readonly sql: string;
  readonly params?: Params | undefined;
}

/** What {@link SqlExecutor.query} takes. */
export interface QueryOptions extends SqlStatement {
  readonly database?: string | undefined;
  /** Default `objects`. */
  readonly rows?: "objects" | "arrays" | undefined;
  /** Default 10,000. */
  readonly maxRows?: number | undefined;
  /** Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** Rows of a query. */
export interface QueryResult {
  readonly columns: Column[];
  readonly rows: Record<string, OutputValue>[] | OutputValue[][];
  readonly rowCount: number;
}

/** What {@link SqlExecutor.execute} takes. */
export interface ExecuteOptions extends SqlStatement {
  readonly database?: string | undefined;
  /** Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** What a change did. */
export interface ExecuteResult {
  readonly affectedRows: number;
  readonly insertId: string | null;
  readonly warnings: Warning[];
  /** GTID of its transaction; null where nothing was written to the binlog. */
  readonly gtid: string | null;
}

/** What {@link SqlExecutor.batch} takes. */
export interface BatchOptions {
  readonly statements: readonly SqlStatement[];
  readonly database?: string | undefined;
  readonly isolation?: BatchRequest["isolation"] | undefined;
  /** For the whole transaction. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** What one statement of a batch did. */
export type BatchStatementResult = QueryResult | Omit<ExecuteResult, "gtid">;

/** What a batch did. */
export interface BatchOutcome {
  readonly results: BatchStatementResult[];
  readonly gtid: string | null;
}

/** A table by its two names. */
export interface TableName {
  readonly database: string;
  readonly table: string;
}

/** How many connections each account may hold. */
export interface PoolSizes {
  readonly reader: number;
  readonly application: number;
  readonly admin: number;
}

/** Bounds of an executor. */
export interface ExecutorLimits {
  /** Calls that may wait for a connection of one pool; more get `overloaded`. */
  readonly queueMax: number;
  /** How long a call waits for a connection before it gets `overloaded`. */
  readonly acquireTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Bytes of rows that one query may collect; more get `too-many-rows`. */
  readonly resultBytesMax: number;
}

/** What {@link openSqlExecutor} takes. */
export interface SqlExecutorOptions {
  /** The node's own account on its database server: all rights. */
  readonly endpoint: DatabaseEndpoint;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly poolSizes?: Partial<PoolSizes>;
  readonly limits?: Partial<ExecutorLimits>;
  /** Ends opening. */
  readonly signal?: AbortSignal;
}

/**
 * Runs SQL on the node's own database server: client SQL under two accounts of its own making, the node's own under the
 * node's account. Usable from `openSqlExecutor` until disposed; a restart of the database server in between fails the
 * calls under way (`database-unavailable`, `write-uncertain`) and later calls find their way by themselves.
 */
export interface SqlExecutor extends AsyncDisposable {
  readonly server: ServerInfo;
  /** Runs one statement without effect under the reader account. */
  query(options: QueryOptions): Promise<QueryResult>;
  /** Runs one statement with an effect, autocommitted, under the application account. */
  execute(options: ExecuteOptions): Promise<ExecuteResult>;
  /** Runs statements as one transaction; the first error rolls all back and carries `statementIndex`. */
  batch(options: BatchOptions): Promise<BatchOutcome>;
  /** Lends a session of the node's own account. Its settings are reset afterwards. */
  withAdmin<T>(task: (session: SqlSession) => Promise<T>, options?: { timeoutMs?: number }): Promise<T>;
  /** Ends the sessions of the application account on the server, rolling back what they had open (fencing). */
  endApplicationSessions(): Promise<void>;
  /** Makes the two accounts anew; happens by itself where the server refuses them. */
  refreshAccounts(): Promise<void>;
  /** User databases, sorted. */
  listDatabases(): Promise<string[]>;
  /** Throws `not-found`. */
  describeDatabase(database: string): Promise<DatabaseDescription>;
  /** Throws `not-found` for an unknown database. */
  listTables(database: string): Promise<TablesAnswer>;
  /** Throws `not-found`. */
  describeTable(name: TableName): Promise<TableDescription>;
  tablesWithoutPrimaryKey(): Promise<TableName[]>;
  nonTransactionalTables(): Promise<(TableName & { readonly engine: string })[]>;
}

const POOL_SIZES: PoolSizes = { reader: 16, application: 16, admin: 8 };
const LIMITS: ExecutorLimits = {
  queueMax: 1_000,
  acquireTimeoutMs: 5_000,
  connectTimeoutMs: 5_000,
  resultBytesMax: 64 * 1024 * 1024,
};

/**
 * Opens a {@link SqlExecutor}: checks the server, makes the two accounts, opens the pools.
 * Throws `database-unavailable`, `forbidden` (the node's account), `server-unsuitable`.
 */
export async function openSqlExecutor(options: SqlExecutorOptions): Promise<SqlExecutor> {
  const limits = { ...LIMITS, ...options.limits };
  const { endpoint, clock, logger, signal } = options;
  const raw = await connectRaw(endpoint, {
    timeoutMs: limits.connectTimeoutMs,
    ...(signal ? { signal } : {}),
  });
  let server: ServerInfo;
  try {
    server = await detectServer(new AdminSession(new DatabaseSession(raw, [])));
  } finally {
    raw.destroy();
  }
  const executor = new Executor({
    endpoint,
    server,
    clock,
    logger,
    poolSizes: { ...POOL_SIZES, ...options.poolSizes },
    limits,
  });
  try {
    await (signal ? orAbort(executor.refreshAccounts(), signal) : executor.refreshAccounts());
  } catch (error) {
    await executor[Symbol.asyncDispose]();
    throw error;
  }
  return executor;
}
