import type {
  BatchAnswer,
  BeginAnswer,
  ChangeAnswer,
  ClusterView,
  CommitAnswer,
  DatabaseAnswer,
  DatabaseDescription,
  DatabasesAnswer,
  EventsAnswer,
  ExecuteAnswer,
  FailoverAnswer,
  FailoverRequest,
  FollowsAnswer,
  FollowsRequest,
  OfferAnswer,
  OfferRequest,
  InsertAnswer,
  Job,
  PingAnswer,
  QueryAnswer,
  RegisterAnswer,
  RegisterRequest,
  ReplicateAnswer,
  ReplicatePosition,
  SwitchoverRequest,
  TableAnswer,
  TableDescription,
  TablesAnswer,
  TransactionAnswer,
  TransactionExecuteAnswer,
  TransactionQueryAnswer,
} from "@understudy/protocol";
import type {
  BatchInput,
  BeginInput,
  CommitInput,
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
  TransactionExecuteInput,
  TransactionQueryInput,
  UpdateInput,
} from "./requests.ts";
import type { TlsSource } from "@understudy/tls";
import type { RowStream } from "./row-stream.ts";
import type { RowObject } from "./values.ts";

/** What any single call takes. */
export interface CallOptions {
  /** Ends the call with the signal's reason. A write that was sent already may still happen. */
  readonly signal?: AbortSignal | undefined;
  /** From the call to the last byte of the answer. Default: the client's; for SQL at least the statement's own `timeoutMs` and 5 s. */
  readonly timeoutMs?: number | undefined;
  /** Further headers, such as `idempotency-key`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A bearer token, or where to get it: asked before each request, so that it may change while the client lives. Empty is none. */
export type TokenSource = string | (() => string | Promise<string>);

/** Options of {@link createNodeClient}. */
export interface NodeClientOptions {
  /** `http://host:port` or `https://host:port`, without a path. */
  readonly url: string;
  /** For `https`: contents of PEM files, or where to find the current ones. Left out: the authorities that Node knows. */
  readonly tls?: TlsSource | undefined;
  /** Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Default 3,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Sent as a bearer token where the call brings no `authorization` of its own. */
  readonly token?: TokenSource | undefined;
  readonly userAgent?: string | undefined;
  /** Sent with each call, below the headers of the call itself; asked before each. Their names in lower case. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined;
  /** Connections to the node at most; further calls wait for one. Default 32. */
  readonly connectionsMax?: number | undefined;
  /** Answers above this many bytes end the call. Default 256 MiB. */
  readonly answerBytesMax?: number | undefined;
}

/** A replication batch as it goes over the wire. */
export interface DeliverRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Whole, which is quickest, or as it comes. */
  readonly body: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A request to be passed on as it is. */
export interface ForwardRequest {
  readonly method: string;
  /** With its query string. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string | undefined;
  /** True for what is asked on one's own account: under the client's token. Else only the authorization among `headers` goes along. */
  readonly isOwn?: boolean;
}

/** An answer as it came: any status, raw bytes. Headers that concern only the connection are left out. */
export interface ForwardAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** A read to be passed on as it is. */
export interface ForwardReadRequest extends ForwardRequest {
  readonly body: string | undefined;
}

/** An answer that has begun: any status. It has a connection of its own, which disposal closes, whereupon the node gives up. */
export interface ForwardStream extends Disposable {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Once only, read from the node no faster than it is taken. Throws `node-unreachable` where it is cut, and the signal's reason. */
  body(): AsyncIterable<Uint8Array>;
}

/**
 * Speaks to one node, over kept-alive connections of its own. Every call rejects with an `UnderstudyError`:
 * the node's own code where it answered with a problem (`details`: `status`, `requestId`, `retryAfterSeconds` and the rest);
 * `node-unreachable` where a read got no answer, or a write surely was not sent (`details.sent` tells which);
 * `write-uncertain` where a write was sent and no answer came; `internal` where the answer is not Understudy's.
 * Disposal lets calls under way end, for 2 s at most.
 */
export interface NodeClient extends AsyncDisposable {
  readonly url: string;
  ping(options?: CallOptions): Promise<PingAnswer>;
  cluster(options?: CallOptions): Promise<ClusterView>;
  /** Events with ids above `after`, at most `limit`. */
  events(
    range: { readonly after: number; readonly limit: number },
    options?: CallOptions,
  ): Promise<EventsAnswer>;
  /** `GET /replicate/position`. */
  position(options?: CallOptions): Promise<ReplicatePosition>;
  /** Safe to repeat, so that a lost answer is `node-unreachable`. */
  register(request: RegisterRequest, options?: CallOptions): Promise<RegisterAnswer>;
  /** Whether the node follows a master, and promises to. Safe to repeat. */
  follows(request: FollowsRequest, options?: CallOptions): Promise<FollowsAnswer>;
  /** A master's offer to lead, or that it takes it back. Safe to repeat. */
  offer(request: OfferRequest, options?: CallOptions): Promise<OfferAnswer>;
  /** Takes the lead by a person's word. A lost answer is `node-unreachable`: `GET /cluster` tells who leads. */
  failover(request: FailoverRequest, options?: CallOptions): Promise<FailoverAnswer>;
  /** Hands the lead over to a slave; the answer is a job, see {@link job}. */
  switchover(request: SwitchoverRequest, options?: CallOptions): Promise<Job>;
  /** Has the node, or another member by way of it, take a fresh copy of the data. */
  rebuild(nodeId: string, options?: CallOptions): Promise<object>;
  /** Long work of a node, asked of any. */
  job(id: string, options?: CallOptions): Promise<Job>;
  /** Has a job end without its effect where it still can; asked of any node. A lost answer is `node-unreachable`. */
  cancelJob(id: string, options?: CallOptions): Promise<Job>;
  /** Streams a replication batch and resolves with its ack. Safe to repeat, so that a lost answer is `node-unreachable`. */
  deliver(request: DeliverRequest, options?: CallOptions): Promise<ReplicateAnswer>;
  /**
   * Passes a request on as it is and gives the answer back as it is, whatever its status. Rejects with `no-leader` where
   * the request surely did not reach the node, and with `write-uncertain` where it may have.
   */
  forward(request: ForwardRequest, options?: CallOptions): Promise<ForwardAnswer>;
  /**
   * As {@link NodeClient.forward} for a read: resolves when the answer begins, and its body comes as it is taken. `timeoutMs` is
   * for each wait. Rejects with `no-leader` where no answer began.
   */
  forwardStream(request: ForwardReadRequest, options?: CallOptions): Promise<ForwardStream>;

  query(request: QueryInput, options?: CallOptions): Promise<QueryAnswer>;
  execute(request: ExecuteInput, options?: CallOptions): Promise<ExecuteAnswer>;
  batch(request: BatchInput, options?: CallOptions): Promise<BatchAnswer>;
  insert(request: InsertInput, options?: CallOptions): Promise<InsertAnswer>;
  update(request: UpdateInput, options?: CallOptions): Promise<ChangeAnswer>;
  delete(request: DeleteInput, options?: CallOptions): Promise<ChangeAnswer>;
  select(request: SelectInput, options?: CallOptions): Promise<QueryAnswer>;
  createDatabase(request: CreateDatabaseInput, options?: CallOptions): Promise<DatabaseAnswer>;
  dropDatabase(request: DropDatabaseInput, options?: CallOptions): Promise<DatabaseAnswer>;
  createTable(request: CreateTableInput, options?: CallOptions): Promise<TableAnswer>;
  dropTable(request: DropTableInput, options?: CallOptions): Promise<TableAnswer>;
  /** Runs a query and hands its rows out as they come. `options.timeoutMs` bounds each wait for more. */
  stream<Row = RowObject>(request: RowsInput, options?: CallOptions): Promise<RowStream<Row>>;
  databases(options?: CallOptions): Promise<DatabasesAnswer>;
  database(name: string, options?: CallOptions): Promise<DatabaseDescription>;
  tables(database: string, options?: CallOptions): Promise<TablesAnswer>;
  table(database: string, table: string, options?: CallOptions): Promise<TableDescription>;

  /** A lost answer is `node-unreachable`, since what nobody uses is rolled back soon. */
  begin(request: BeginInput, options?: CallOptions): Promise<BeginAnswer>;
  /** What became of a transaction. */
  transaction(id: string, options?: CallOptions): Promise<TransactionAnswer>;
  /** A lost answer is `node-unreachable`: nothing has been committed by it. */
  transactionQuery(
    id: string,
    request: TransactionQueryInput,
    options?: CallOptions,
  ): Promise<TransactionQueryAnswer>;
  /** A lost answer is `node-unreachable`: nothing has been committed by it, but it can't be sent again. */
  transactionExecute(
    id: string,
    request: TransactionExecuteInput,
    options?: CallOptions,
  ): Promise<TransactionExecuteAnswer>;
  /** A lost answer is `write-uncertain`; {@link transaction} tells. */
  commit(id: string, request: CommitInput, options?: CallOptions): Promise<CommitAnswer>;
  rollback(id: string, options?: CallOptions): Promise<TransactionAnswer>;
}
