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
import { BINLOG_MEDIA_TYPE, NDJSON_MEDIA_TYPE } from "@understudy/protocol";
import { readAnswer, throwRefusal } from "./answer.ts";
import { forwardStreamThrough } from "./forward-stream.ts";
import { forwardThrough } from "./forward.ts";
import { NodeConnection, type Effect } from "./node-connection.ts";
import type {
  CallOptions,
  DeliverRequest,
  ForwardAnswer,
  ForwardReadRequest,
  ForwardRequest,
  ForwardStream,
  NodeClient,
  NodeClientOptions,
} from "./node-client.ts";
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
import { openRowStream, type RowStream } from "./row-stream.ts";
import { encodeValues } from "./values.ts";

/** Makes a client of one node; it connects at the first call. Throws `invalid-request` for a URL that is none. */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  return new HttpNodeClient(options);
}

/** A statement's own time limit where the request names none (the node's default). */
const STATEMENT_TIMEOUT_MS = 30_000;
/** What a call may take beyond the statement itself, so that the node's own `timeout` arrives. */
const STATEMENT_MARGIN_MS = 5_000;
/** All rows of a stream where the request names no limit: its reader may be slow. */
const ROWS_TIMEOUT_MS = 600_000;

interface Post {
  readonly path: string;
  readonly body: object;
  readonly effect: Effect;
  /** Keys that Understudy's answer always has. */
  readonly keys: readonly string[];
}

class HttpNodeClient implements NodeClient {
  readonly url: string;
  readonly #connection: NodeConnection;

  constructor(options: NodeClientOptions) {
    this.url = options.url;
    this.#connection = new NodeConnection(options);
  }

  ping(options?: CallOptions): Promise<PingAnswer> {
    return this.#get("/ping", ["nodeId", "role"], options);
  }

  cluster(options?: CallOptions): Promise<ClusterView> {
    return this.#get("/cluster", ["self", "members"], options);
  }

  events(
    range: { readonly after: number; readonly limit: number },
    options?: CallOptions,
  ): Promise<EventsAnswer> {
    const path = `/cluster/events?after=${range.after}&limit=${range.limit}`;
    return this.#get(path, ["events", "next"], options);
  }

  position(options?: CallOptions): Promise<ReplicatePosition> {
    return this.#get("/replicate/position", ["nodeId", "position"], options);
  }

  register(body: RegisterRequest, options?: CallOptions): Promise<RegisterAnswer> {
    const keys = ["clusterId", "action"];
    return this.#post({ path: "/cluster/register", body, effect: "repeatable", keys }, options);
  }

  follows(body: FollowsRequest, options?: CallOptions): Promise<FollowsAnswer> {
    return this.#post({ path: "/cluster/follows", body, effect: "repeatable", keys: ["follows"] }, options);
  }

  offer(body: OfferRequest, options?: CallOptions): Promise<OfferAnswer> {
    return this.#post({ path: "/cluster/offer", body, effect: "repeatable", keys: ["leads"] }, options);
  }

  failover(body: FailoverRequest, options?: CallOptions): Promise<FailoverAnswer> {
    return this.#post({ path: "/cluster/failover", body, effect: "repeatable", keys: ["leader"] }, options);
  }

  switchover(body: SwitchoverRequest, options?: CallOptions): Promise<Job> {
    return this.#post(
      { path: "/cluster/switchover", body, effect: "repeatable", keys: ["id", "state"] },
      options,
    );
  }

  rebuild(nodeId: string, options?: CallOptions): Promise<object> {
    const path = `/cluster/nodes/${encodeURIComponent(nodeId)}/rebuild`;
    return this.#post({ path, body: {}, effect: "repeatable", keys: ["rebuilding"] }, options);
  }

  job(id: string, options?: CallOptions): Promise<Job> {
    return this.#get(`/jobs/${encodeURIComponent(id)}`, ["id", "state"], options);
  }

  async cancelJob(id: string, options?: CallOptions): Promise<Job> {
    const path = `/jobs/${encodeURIComponent(id)}`;
    const request = { method: "DELETE", path, headers: { accept: "application/json" } };
    const answer = await this.#connection.send(request, "repeatable", options);
    return readAnswer(this.url, answer, ["id", "state"]) as Job;
  }

  async stream<Row>(request: RowsInput, options?: CallOptions): Promise<RowStream<Row>> {
    const { rows = "objects", timeoutMs = ROWS_TIMEOUT_MS, ...rest } = request;
    // as arrays on the wire: they are shorter, and no row can be taken for the trailer
    const body = JSON.stringify(encodeValues({ ...rest, timeoutMs, rows: "arrays" }));
    const headers = { accept: NDJSON_MEDIA_TYPE, "content-type": "application/json" };
    const answer = await this.#connection.open(
      { method: "POST", path: "/query", headers, body },
      (refusal) => throwRefusal(this.url, refusal),
      { ...options, timeoutMs: options?.timeoutMs ?? timeoutMs + STATEMENT_MARGIN_MS },
    );
    return openRowStream<Row>(answer, { url: this.url, rows });
  }

  begin(request: BeginInput, options?: CallOptions): Promise<BeginAnswer> {
    const keys = ["id", "expiresAt"];
    return this.#post({ path: "/transactions", body: request, effect: "repeatable", keys }, options);
  }

  transaction(id: string, options?: CallOptions): Promise<TransactionAnswer> {
    return this.#get(transactionPath(id), ["id", "state"], options);
  }

  transactionQuery(
    id: string,
    body: TransactionQueryInput,
    options?: CallOptions,
  ): Promise<TransactionQueryAnswer> {
    const path = transactionPath(id, "/query");
    return this.#post({ path, body, effect: "repeatable", keys: ["rows"] }, forStatement(body, options));
  }

  transactionExecute(
    id: string,
    body: TransactionExecuteInput,
    options?: CallOptions,
  ): Promise<TransactionExecuteAnswer> {
    const path = transactionPath(id, "/execute");
    const keys = ["affectedRows"];
    return this.#post({ path, body, effect: "repeatable", keys }, forStatement(body, options));
  }

  commit(id: string, body: CommitInput, options?: CallOptions): Promise<CommitAnswer> {
    const path = transactionPath(id, "/commit");
    return this.#post({ path, body, effect: "once", keys: ["position"] }, forStatement({}, options));
  }

  rollback(id: string, options?: CallOptions): Promise<TransactionAnswer> {
    const path = transactionPath(id, "/rollback");
    return this.#post({ path, body: {}, effect: "repeatable", keys: ["id", "state"] }, options);
  }

  async deliver(request: DeliverRequest, options?: CallOptions): Promise<ReplicateAnswer> {
    const { body } = request;
    const headers = { "content-type": BINLOG_MEDIA_TYPE, ...request.headers };
    const path = "/replicate/transactions";
    const answer = await this.#connection.send(
      { method: "POST", path, headers, body },
      "repeatable",
      options,
    );
    return readAnswer(this.url, answer, ["position", "applied"]) as ReplicateAnswer;
  }

  forward(request: ForwardRequest, options?: CallOptions): Promise<ForwardAnswer> {
    return forwardThrough(this.#connection, request, options);
  }

  forwardStream(request: ForwardReadRequest, options?: CallOptions): Promise<ForwardStream> {
    return forwardStreamThrough(this.#connection, request, options);
  }

  query(request: QueryInput, options?: CallOptions): Promise<QueryAnswer> {
    return this.#read("/query", request, options);
  }

  select(request: SelectInput, options?: CallOptions): Promise<QueryAnswer> {
    return this.#read("/select", request, options);
  }

  execute(request: ExecuteInput, options?: CallOptions): Promise<ExecuteAnswer> {
    return this.#write("/execute", request, options);
  }

  batch(request: BatchInput, options?: CallOptions): Promise<BatchAnswer> {
    return this.#write("/batch", request, options);
  }

  insert(request: InsertInput, options?: CallOptions): Promise<InsertAnswer> {
    return this.#write("/insert", request, options);
  }

  update(request: UpdateInput, options?: CallOptions): Promise<ChangeAnswer> {
    return this.#write("/update", request, options);
  }

  delete(request: DeleteInput, options?: CallOptions): Promise<ChangeAnswer> {
    return this.#write("/delete", request, options);
  }

  createDatabase(request: CreateDatabaseInput, options?: CallOptions): Promise<DatabaseAnswer> {
    return this.#write("/createdb", request, options);
  }

  dropDatabase(request: DropDatabaseInput, options?: CallOptions): Promise<DatabaseAnswer> {
    return this.#write("/dropdb", request, options);
  }

  createTable(request: CreateTableInput, options?: CallOptions): Promise<TableAnswer> {
    return this.#write("/createtable", request, options);
  }

  dropTable(request: DropTableInput, options?: CallOptions): Promise<TableAnswer> {
    return this.#write("/droptable", request, options);
  }

  databases(options?: CallOptions): Promise<DatabasesAnswer> {
    return this.#get("/databases", ["databases"], options);
  }

  database(name: string, options?: CallOptions): Promise<DatabaseDescription> {
    return this.#get(`/databases/${encodeURIComponent(name)}`, ["database"], options);
  }

  tables(database: string, options?: CallOptions): Promise<TablesAnswer> {
    return this.#get(`/databases/${encodeURIComponent(database)}/tables`, ["tables"], options);
  }

  table(database: string, table: string, options?: CallOptions): Promise<TableDescription> {
    const path = `/databases/${encodeURIComponent(database)}/tables/${encodeURIComponent(table)}`;
    return this.#get(path, ["table", "columns"], options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection[Symbol.asyncDispose]();
  }

  #read<T extends object>(path: string, body: Timed, options?: CallOptions): Promise<T> {
    return this.#post(
      { path, body, effect: "repeatable", keys: ["columns", "rows"] },
      forStatement(body, options),
    );
  }

  #write<T extends object>(path: string, body: Timed, options?: CallOptions): Promise<T> {
    return this.#post({ path, body, effect: "once", keys: ["position"] }, forStatement(body, options));
  }

  async #get<T extends object>(path: string, keys: readonly string[], options?: CallOptions): Promise<T> {
    const headers = { accept: "application/json" };
    const answer = await this.#connection.send({ method: "GET", path, headers }, "repeatable", options);
    // The node answers by the schemas of protocol; `keys` tell another server's JSON apart.
    return readAnswer(this.url, answer, keys) as T;
  }

  async #post<T extends object>(post: Post, options?: CallOptions): Promise<T> {
    const headers = { accept: "application/json", "content-type": "application/json" };
    const request = {
      method: "POST",
      path: post.path,
      headers,
      body: JSON.stringify(encodeValues(post.body)),
    };
    const answer = await this.#connection.send(request, post.effect, options);
    return readAnswer(this.url, answer, post.keys) as T;
  }
}

function transactionPath(id: string, call = ""): string {
  return `/transactions/${encodeURIComponent(id)}${call}`;
}

/** A request that may name its own time limit. */
type Timed = object & { readonly timeoutMs?: number | undefined };

function forStatement(request: Timed, options: CallOptions = {}): CallOptions {
  const statementMs = request.timeoutMs ?? STATEMENT_TIMEOUT_MS;
  return { ...options, timeoutMs: options.timeoutMs ?? statementMs + STATEMENT_MARGIN_MS };
}
