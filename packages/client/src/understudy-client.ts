import type { Clock, Random } from "@understudy/kernel";
import type {
  AckLevel,
  BatchAnswer,
  ChangeAnswer,
  DatabaseAnswer,
  ExecuteAnswer,
  InsertAnswer,
  QueryAnswer,
  TableAnswer,
} from "@understudy/protocol";
import type { TlsSource } from "@understudy/tls";
import type { CallOptions, NodeClient, TokenSource } from "./node-client.ts";
import type {
  BatchInput,
  CreateDatabaseInput,
  CreateTableInput,
  DeleteInput,
  DropDatabaseInput,
  DropTableInput,
  ExecuteInput,
  InsertInput,
  QueryInput,
  RowsInput,
  SelectInput,
  UpdateInput,
} from "./requests.ts";
import type { RowStream } from "./row-stream.ts";
import type { SqlOptions, WriteCallOptions } from "./sql-call.ts";
import type { Transaction, TransactionOptions, TransactionRunOptions } from "./transaction.ts";
import type { RowArray, RowObject, ValueParams } from "./values.ts";

/** Options of {@link connect}. */
export interface UnderstudyClientOptions {
  /** URLs of one or more nodes; the others are learnt from them. */
  readonly nodes: readonly string[];
  /**
   * For `https` URLs: contents of PEM files, or a function that gives the current ones whenever a connection is made. `ca` is what the
   * nodes' certificates are checked against (left out: the authorities that Node knows), `cert` and `key` are the client's own.
   */
  readonly tls?: TlsSource | undefined;
  /** Sent as a bearer token. */
  readonly token?: TokenSource | undefined;
  readonly userAgent?: string | undefined;
  /** Of a single try, where neither call nor statement name one. Default: that of a node client. */
  readonly timeoutMs?: number | undefined;
  /** A call begins no new try later than this after its first failure. Default 15,000. */
  readonly retryForMs?: number | undefined;
  /** Whether a write is sent with an idempotency key of its own where the call does not say. Default true. */
  readonly idempotent?: boolean | undefined;
  /** How many slaves must have a write before it is confirmed, where the request does not say. Default: the cluster's. */
  readonly ack?: AckLevel | undefined;
  /** How long to wait for them, where the request does not say. Default: the node's. */
  readonly ackTimeoutMs?: number | undefined;
  /** Whether reads see this client's earlier writes and reads on whatever node. Default true. */
  readonly readYourWrites?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** Options of {@link UnderstudyClient.session}. */
export interface SessionOptions {
  /** What another session's `position` said: this one sees at least as much. */
  readonly after?: string | null | undefined;
}

/** A query's answer whose rows are what the caller says that they are. */
export type QueryResult<Row> = Omit<QueryAnswer, "rows"> & { readonly rows: Row[] };

type QueryOptions = SqlOptions<QueryInput>;
type AsArrays = { readonly rows: "arrays" };

/** Calls that any node answers. */
export interface ReadCalls extends Pick<
  NodeClient,
  "databases" | "database" | "tables" | "table" | "cluster"
> {
  query<Row = RowArray>(request: QueryInput & AsArrays, options?: CallOptions): Promise<QueryResult<Row>>;
  query<Row = RowObject>(request: QueryInput, options?: CallOptions): Promise<QueryResult<Row>>;
  query<Row = RowArray>(
    sql: string,
    params: ValueParams | undefined,
    options: QueryOptions & AsArrays,
  ): Promise<QueryResult<Row>>;
  query<Row = RowObject>(
    sql: string,
    params?: ValueParams,
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;
  select<Row = RowObject>(request: SelectInput, options?: CallOptions): Promise<QueryResult<Row>>;
  /** The rows of a query, one by one as they come; leaving the loop ends the query on the server. */
  rows<Row = RowArray>(request: RowsInput & AsArrays, options?: CallOptions): AsyncGenerator<Row, void, void>;
  rows<Row = RowObject>(request: RowsInput, options?: CallOptions): AsyncGenerator<Row, void, void>;
  rows<Row = RowObject>(
    sql: string,
    params?: ValueParams,
    options?: SqlOptions<RowsInput>,
  ): AsyncGenerator<Row, void, void>;
  /** As {@link rows}, with the columns before the first row. To be disposed, unless its rows are taken to the end. */
  stream<Row = RowArray>(request: RowsInput & AsArrays, options?: CallOptions): Promise<RowStream<Row>>;
  stream<Row = RowObject>(request: RowsInput, options?: CallOptions): Promise<RowStream<Row>>;
  stream<Row = RowObject>(
    sql: string,
    params?: ValueParams,
    options?: SqlOptions<RowsInput>,
  ): Promise<RowStream<Row>>;
}

/** Calls that only the master carries out. */
export interface WriteCalls {
  execute(request: ExecuteInput, options?: WriteCallOptions): Promise<ExecuteAnswer>;
  execute(
    sql: string,
    params?: ValueParams,
    options?: SqlOptions<ExecuteInput, WriteCallOptions>,
  ): Promise<ExecuteAnswer>;
  batch(request: BatchInput, options?: WriteCallOptions): Promise<BatchAnswer>;
  insert(request: InsertInput, options?: WriteCallOptions): Promise<InsertAnswer>;
  update(request: UpdateInput, options?: WriteCallOptions): Promise<ChangeAnswer>;
  delete(request: DeleteInput, options?: WriteCallOptions): Promise<ChangeAnswer>;
  createDatabase(request: CreateDatabaseInput, options?: WriteCallOptions): Promise<DatabaseAnswer>;
  dropDatabase(request: DropDatabaseInput, options?: WriteCallOptions): Promise<DatabaseAnswer>;
  createTable(request: CreateTableInput, options?: WriteCallOptions): Promise<TableAnswer>;
  dropTable(request: DropTableInput, options?: WriteCallOptions): Promise<TableAnswer>;
  /** Begins a transaction that stays open between calls; disposal without a commit rolls it back. */
  transaction(options?: TransactionOptions): Promise<Transaction>;
  /**
   * Runs `task` in a transaction and commits it, unless the task has ended it itself. What undid the transaction as a whole
   * (a deadlock, a lost master, its expiry) makes all of it run again, so that the task must have no effects elsewhere.
   */
  inTransaction<T>(
    task: (transaction: Transaction) => Promise<T>,
    options?: TransactionRunOptions,
  ): Promise<T>;
}

/**
 * Calls that see each other: a read sees what was written and read before through the same session, whatever node answers it.
 * Calls at the same time are not in any order. A session holds nothing but its position; let it go when it is no longer needed.
 */
export interface Session extends ReadCalls, WriteCalls {
  /** What this session's reads must have seen, to be carried on into another session; null before the first call. */
  readonly position: string | null;
}

/**
 * Speaks to a whole cluster: writes go to the master wherever it is, reads to any node that answers. It is itself a session of all
 * its calls. A read is tried on one node after another. A write carries an idempotency key and is sent again until its outcome is
 * known, for `retryForMs`; `timeout`, `ack-timeout`, `idempotency-unresolved` and what the database refuses are the caller's to judge.
 */
export interface UnderstudyClient extends Session, AsyncDisposable {
  /** Position of the write that was confirmed last; null before the first. */
  readonly lastPosition: string | null;
  /** Where writes go now, as far as is known. */
  readonly leaderUrl: string | null;
  /** A session of its own, for a user or a request. */
  session(options?: SessionOptions): Session;
}
