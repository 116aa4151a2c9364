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
import type { ClientAccess, ClientRight } from "./client-access.ts";
import type { DatabaseEndpoint } from "./database-endpoint.ts";
import { DatabaseSession } from "./database-session.ts";
import { Executor } from "./executor.ts";
import type { PoolUse } from "./session-pool.ts";
import type { SessionKind } from "./session-set-up.ts";
import { connectRaw } from "./raw-connection.ts";
import { detectServer, type ServerInfo } from "./server-info.ts";
import type { SqlParam, SqlSession } from "./sql-session.ts";

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

/** A statement of the node's own. */
export interface NodeStatement {
  readonly sql: string;
  readonly params: readonly SqlParam[];
}

/** What {@link SqlExecutor.execute} takes. */
export interface ExecuteOptions extends SqlStatement {
  readonly database?: string | undefined;
  /** Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Makes the change and one statement of the node's own a single transaction: it is asked once the change is done and runs
   * just before COMMIT, under the same account. Where it fails, all is rolled back and the call throws
   * {@link BeforeCommitError}. Only for what does not commit by itself, see {@link SqlExecutor.commitsByItself}.
   */
  readonly beforeCommit?: ((done: ChangeResult) => NodeStatement) | undefined;
}

/** What a change did. */
export interface ChangeResult {
  readonly affectedRows: number;
  readonly insertId: string | null;
  readonly warnings: Warning[];
}

/** What a call that changes data did. */
export interface Committed {
  /** GTID of its transaction; null where nothing was written to the binlog. */
  readonly gtid: string | null;
  /** How often it ran again, since a deadlock had undone it as a whole. */
  readonly retries: number;
}

/** What {@link SqlExecutor.execute} answers. */
export interface ExecuteResult extends ChangeResult, Committed {}

/** What {@link SqlExecutor.batch} takes. */
export interface BatchOptions {
  readonly statements: readonly SqlStatement[];
  readonly database?: string | undefined;
  readonly isolation?: BatchRequest["isolation"] | undefined;
  /** For the whole transaction. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** As in {@link ExecuteOptions}. */
  readonly beforeCommit?: ((results: readonly BatchStatementResult[]) => NodeStatement) | undefined;
}

/** What one statement of a batch did. */
export type BatchStatementResult = QueryResult | ChangeResult;

/** What a batch did. */
export interface BatchOutcome extends Committed {
  readonly results: BatchStatementResult[];
}

/** What {@link SqlExecutor.openTransaction} takes. */
export interface OpenTransactionOptions {
  readonly database?: string | undefined;
  readonly isolation?: BatchRequest["isolation"] | undefined;
}

/** What a query inside a transaction takes: as outside it, but in the transaction's own database. */
export type TransactionQueryOptions = Omit<QueryOptions, "database">;

/**
 * A transaction that stays open between calls, on a connection of its own. One call at a time: others that come meanwhile wait
 * their turn, in order. After an error that undid it as a whole (deadlock, lock wait timeout, timeout, lost connection) it
 * `hasEnded`, and every call throws `transaction-expired`: nothing ever runs outside of it. Any other error of a statement leaves it
 * open. Disposal rolls back, whatever is under way but a COMMIT; when it resolves, the locks are gone.
 */
export interface OpenTransaction extends AsyncDisposable {
  /** True once it was committed or rolled back, by whomever. */
  readonly hasEnded: boolean;
  /** True once a statement of it changed something or may have: each `execute`, locking reads, and queries whose functions wrote. */
  readonly hasWritten: boolean;
  /** Queries, locking reads among them. */
  query(options: TransactionQueryOptions): Promise<QueryResult>;
  /** Changes and savepoints; `not-allowed` for what ends a transaction by itself, or may (CALL). */
  execute(options: Pick<ExecuteOptions, "sql" | "params" | "timeoutMs">): Promise<ChangeResult>;
  /** Runs a statement of the node's own, then commits. Throws {@link BeforeCommitError} after rolling back, `write-uncertain` where the answer to COMMIT was lost. */
  commit(beforeCommit?: NodeStatement): Promise<Pick<Committed, "gtid">>;
  rollback(): Promise<void>;
}

/** What {@link SqlExecutor.stream} takes. */
export interface StreamOptions extends SqlStatement {
  readonly database?: string | undefined;
  /** Default `objects`. */
  readonly rows?: "objects" | "arrays" | undefined;
  /** From the start to the last row. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Ends it on the server at once. */
  readonly signal?: AbortSignal | undefined;
}

/** Rows as they come, with back-pressure down to the server's socket; nothing but what is being handed over is held. */
export interface RowStream extends AsyncDisposable {
  readonly columns: readonly Column[];
  /** Rows in pieces of some size, in order. Once only. Throws as {@link SqlExecutor.query} does. */
  pieces(): AsyncIterable<readonly (Record<string, OutputValue> | OutputValue[])[]>;
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
  /** Interactive transactions that may be open at a time. */
  readonly transaction: number;
  readonly admin: number;
}

/** Bounds of an executor. */
export interface ExecutorLimits {
  /** Calls that may wait for a connection of one pool; more get `overloaded`. */
  readonly queueMax: number;
  /** How long a call waits for a connection before it gets `overloaded`. */
  readonly acquireTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** For calls that name no time of their own. */
  readonly statementTimeoutMs: number;
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
  /** Runs each call on client SQL, for tracing: it is to run `task`. It must answer with what that answers, or throw what it throws. */
  readonly around?: Around;
}

/** One call that is about to run. */
export interface TracedCall {
  readonly call: "query" | "stream" | "execute" | "batch" | "begin";
  readonly database: string | undefined;
  readonly flavour: ServerInfo["flavour"];
}

/** @see SqlExecutorOptions.around */
export type Around = <T>(call: TracedCall, task: () => Promise<T>) => Promise<T>;

/** The part of an executor that client SQL may be confined to. It lives as long as the executor that it is of. */
export type ClientExecutor = Pick<
  SqlExecutor,
  | "server"
  | "query"
  | "stream"
  | "execute"
  | "batch"
  | "openTransaction"
  | "commitsByItself"
  | "rightFor"
  | "listDatabases"
  | "describeDatabase"
>;

/**
 * Runs SQL on the node's own database server: client SQL under two accounts of its own making, the node's own under the
 * node's account. Usable from `openSqlExecutor` until disposed; a restart of the database server in between fails the
 * calls under way (`database-unavailable`, `write-uncertain`) and later calls find their way by themselves.
 */
export interface SqlExecutor extends AsyncDisposable {
  readonly server: ServerInfo;
  /** How its connections are used now, for metrics. */
  poolUse(): Readonly<Record<SessionKind, PoolUse>>;
  /** Runs one statement without effect under the reader account. */
  query(options: QueryOptions): Promise<QueryResult>;
  /** Runs one statement with an effect, autocommitted, under the application account. */
  execute(options: ExecuteOptions): Promise<ExecuteResult>;
  /** Runs statements as one transaction; the first error rolls all back and carries `statementIndex`. */
  batch(options: BatchOptions): Promise<BatchOutcome>;
  /** Opens a transaction that outlives the call. Throws `overloaded` where too many are open. */
  openTransaction(options: OpenTransactionOptions): Promise<OpenTransaction>;
  /** Runs one statement without effect under the reader account and hands its rows out as they come. */
  stream(options: StreamOptions): Promise<RowStream>;
  /** True where the statement ends a transaction by itself (DDL, CALL …), so that it can't be part of one. Throws as `execute` does for what it would not run. */
  commitsByItself(sql: string): boolean;
  /**
   * Runs client SQL under accounts of its own that can do no more than `access` says, by the server's own rights; made when they are
   * first needed. What runs under its maker's rights (views, routines, triggers, events) can't be made through it.
   */
  confinedTo(access: ClientAccess): ClientExecutor;
  /** The right that a statement needs. Throws for what can't be read as one. */
  rightFor(sql: string): ClientRight;
  /** Lends a session of the node's own account. Its settings are reset afterwards. */
  withAdmin<T>(task: (session: SqlSession) => Promise<T>, options?: { timeoutMs?: number }): Promise<T>;
  /** Ends the sessions of the application account on the server, rolling back what they had open (fencing). */
  endApplicationSessions(): Promise<void>;
  /** Makes the two accounts anew; happens by itself where the server refuses them. */
  refreshAccounts(): Promise<void>;
  /**
   * Lets the application account insert into a table of the node's own (and neither read nor change it), for the statements of
   * `beforeCommit`. Remembered, and done again with the accounts. Throws `unknown-table` where there is no such table yet.
   */
  allowKeeping(table: TableName): Promise<void>;
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

const POOL_SIZES: PoolSizes = { reader: 16, application: 16, transaction: 16, admin: 8 };
const LIMITS: ExecutorLimits = {
  queueMax: 1_000,
  acquireTimeoutMs: 5_000,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 30_000,
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
  const executor = Executor.create({
    endpoint,
    server,
    clock,
    logger,
    poolSizes: { ...POOL_SIZES, ...options.poolSizes },
    limits,
    around: options.around,
  });
  try {
    await (signal ? orAbort(executor.refreshAccounts(), signal) : executor.refreshAccounts());
  } catch (error) {
    await executor[Symbol.asyncDispose]();
    throw error;
  }
  return executor;
}
