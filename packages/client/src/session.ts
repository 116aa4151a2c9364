import { isUnderstudyError, type AckLevel } from "@understudy/protocol";
import type { Call, ClusterCalls } from "./cluster-calls.ts";
import { runInTransaction } from "./in-transaction.ts";
import type { CallOptions } from "./node-client.ts";
import type { ExecuteInput, QueryInput, RowsInput } from "./requests.ts";
import type { RowStream } from "./row-stream.ts";
import type { Needs, SessionPositions } from "./session-positions.ts";
import { NotedRowStream } from "./noted-row-stream.ts";
import { sqlCall, type SqlOptions, type WriteCallOptions } from "./sql-call.ts";
import { beginTransaction, type Transaction, type TransactionRunOptions } from "./transaction.ts";
import type { QueryResult, Session } from "./understudy-client.ts";
import type { ValueParams } from "./values.ts";

/** How long a node that is behind may keep a session's read waiting, before another one is asked. */
const WAIT_MS = 1_000;

/** What writes are confirmed by where their request does not say. */
export interface AckDefaults {
  readonly ack?: AckLevel | undefined;
  readonly ackTimeoutMs?: number | undefined;
}

/** What {@link ClusterSession} is made of. */
export interface SessionParts {
  readonly calls: ClusterCalls;
  /** Null where reads need not see earlier calls. */
  readonly positions: SessionPositions | null;
  readonly acks: AckDefaults;
  readonly onWrite: (position: string) => void;
}

/** Fields of a read that say how fresh it has to be. */
type Freshness = Pick<QueryInput, "after" | "consistency" | "maxLagMs" | "waitMs">;

/** @see Session */
export class ClusterSession implements Session {
  readonly #parts: SessionParts;
  readonly #calls: ClusterCalls;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#calls = parts.calls;
  }

  get position(): string | null {
    return this.#parts.positions?.text ?? null;
  }

  query<Row>(
    first: QueryInput | string,
    second?: ValueParams | CallOptions,
    third?: SqlOptions<QueryInput>,
  ): Promise<QueryResult<Row>> {
    const { request, options } = sqlCall<QueryInput, CallOptions>(first, second, third);
    // what its rows are is the caller's word
    return this.#read(request, options, (fresh, node, own) => node.query(fresh, own)) as Promise<
      QueryResult<Row>
    >;
  }

  readonly select: Session["select"] = <Row>(
    request: Parameters<Session["select"]>[0],
    options: CallOptions = {},
  ) =>
    this.#read(request, options, (fresh, node, own) => node.select(fresh, own)) as Promise<QueryResult<Row>>;

  async *rows<Row>(
    first: RowsInput | string,
    second?: ValueParams | CallOptions,
    third?: SqlOptions<RowsInput>,
  ): AsyncGenerator<Row, void, void> {
    const { request, options } = sqlCall<RowsInput, CallOptions>(first, second, third);
    await using stream = await this.#stream<Row>(request, options);
    yield* stream;
  }

  stream<Row>(
    first: RowsInput | string,
    second?: ValueParams | CallOptions,
    third?: SqlOptions<RowsInput>,
  ): Promise<RowStream<Row>> {
    const { request, options } = sqlCall<RowsInput, CallOptions>(first, second, third);
    return this.#stream<Row>(request, options);
  }

  readonly databases: Session["databases"] = (options) =>
    this.#look((node, own) => node.databases(own), options);
  readonly database: Session["database"] = (name, options) =>
    this.#look((node, own) => node.database(name, own), options);
  readonly tables: Session["tables"] = (database, options) =>
    this.#look((node, own) => node.tables(database, own), options);
  readonly table: Session["table"] = (database, table, options) =>
    this.#look((node, own) => node.table(database, table, own), options);
  readonly cluster: Session["cluster"] = (options) =>
    this.#calls.read((node, own) => node.cluster(own), options);

  execute(
    first: ExecuteInput | string,
    second?: ValueParams | WriteCallOptions,
    third?: SqlOptions<ExecuteInput, WriteCallOptions>,
  ): ReturnType<Session["execute"]> {
    const { request, options } = sqlCall<ExecuteInput, WriteCallOptions>(first, second, third);
    return this.#write((node, own) => node.execute(this.#withAcks(request), own), options);
  }

  readonly batch: Session["batch"] = (request, options) =>
    this.#write((node, own) => node.batch(this.#withAcks(request), own), options);
  readonly insert: Session["insert"] = (request, options) =>
    this.#write((node, own) => node.insert(this.#withAcks(request), own), options);
  readonly update: Session["update"] = (request, options) =>
    this.#write((node, own) => node.update(this.#withAcks(request), own), options);
  readonly delete: Session["delete"] = (request, options) =>
    this.#write((node, own) => node.delete(this.#withAcks(request), own), options);
  readonly createDatabase: Session["createDatabase"] = (request, options) =>
    this.#write((node, own) => node.createDatabase(this.#withAcks(request), own), options);
  readonly dropDatabase: Session["dropDatabase"] = (request, options) =>
    this.#write((node, own) => node.dropDatabase(this.#withAcks(request), own), options);
  readonly createTable: Session["createTable"] = (request, options) =>
    this.#write((node, own) => node.createTable(this.#withAcks(request), own), options);
  readonly dropTable: Session["dropTable"] = (request, options) =>
    this.#write((node, own) => node.dropTable(this.#withAcks(request), own), options);

  readonly transaction: Session["transaction"] = (options = {}) => {
    const needs = this.#needs();
    return beginTransaction(this.#calls, this.#withAcks(options), (position) =>
      this.#noteWrite(needs, position),
    );
  };

  readonly inTransaction: Session["inTransaction"] = <T>(
    task: (transaction: Transaction) => Promise<T>,
    options: TransactionRunOptions = {},
  ) => {
    const { retries: _retries, ...begin } = options;
    const { clock, random } = this.#calls;
    return runInTransaction(task, { begin: () => this.transaction(begin), options, clock, random });
  };

  #needs(): Needs | null {
    return this.#parts.positions?.needs() ?? null;
  }

  #noteWrite(needs: Needs | null, position: string): void {
    if (needs) this.#parts.positions?.noteWrite(needs, position);
    this.#parts.onWrite(position);
    this.#calls.map.noteWrite(position);
  }

  async #write<T extends { readonly position: string }>(
    call: Call<T>,
    options: WriteCallOptions | undefined,
  ): Promise<T> {
    const needs = this.#needs();
    try {
      const answer = await this.#calls.write(call, options);
      this.#noteWrite(needs, answer.position);
      return answer;
    } catch (error) {
      // It is committed all the same.
      if (isUnderstudyError(error, "ack-timeout") && error.position !== undefined) {
        this.#noteWrite(needs, error.position);
      }
      throw error;
    }
  }

  async #read<Request extends Freshness, T extends { readonly position: string }>(
    request: Request,
    options: CallOptions,
    run: (fresh: Request, ...call: Parameters<Call<T>>) => Promise<T>,
  ): Promise<T> {
    const needs = this.#needs();
    const answer = await this.#fresh(needs, { request, options }, run);
    this.#noteRead(needs, answer.position);
    return answer;
  }

  async #stream<Row>(request: RowsInput, options: CallOptions): Promise<RowStream<Row>> {
    const needs = this.#needs();
    const stream = await this.#fresh(needs, { request, options }, (fresh, node, own) =>
      node.stream<Row>(fresh, own),
    );
    if (needs === null) return stream;
    this.#noteRead(needs, stream.position);
    return new NotedRowStream(stream, () => this.#noteRead(needs, stream.position));
  }

  #noteRead(needs: Needs | null, position: string | null): void {
    if (needs && position !== null) this.#parts.positions?.noteRead(needs, position);
  }

  /** Asks for what the session needs beside what the request asks for itself. */
  async #fresh<Request extends Freshness, T>(
    needs: Needs | null,
    { request, options }: { readonly request: Request; readonly options: CallOptions },
    run: (fresh: Request, ...call: Parameters<Call<T>>) => Promise<T>,
  ): Promise<T> {
    if (needs === null) {
      const first = request.consistency === "strong" ? "master" : "preferred";
      return this.#calls.read((node, own) => run(request, node, own), options, first);
    }
    const after = request.after === undefined ? needs.after : `${request.after} ${needs.after}`;
    const fresh = {
      ...request,
      after,
      waitMs: request.waitMs ?? WAIT_MS,
      // stronger than any bound
      ...(needs.strong ? { consistency: "strong" as const, maxLagMs: undefined } : {}),
    };
    const first = fresh.consistency === "strong" ? "master" : "preferred";
    try {
      return await this.#calls.read((node, own) => run(fresh, node, own), options, first);
    } catch (error) {
      // Said once; else the session could never read again.
      if (isUnderstudyError(error, "history-lost")) this.#parts.positions?.forget(needs);
      throw error;
    }
  }

  /** What takes no position is asked of the master, which has everything that the session has seen. */
  #look<T>(call: Call<T>, options: CallOptions | undefined): Promise<T> {
    return this.#calls.read(call, options, this.position === null ? "preferred" : "master");
  }

  #withAcks<Request extends object>(request: Request): Request {
    const { ack, ackTimeoutMs } = this.#parts.acks;
    return {
      ...(ack === undefined ? {} : { ack }),
      ...(ackTimeoutMs === undefined ? {} : { ackTimeoutMs }),
      ...request,
    };
  }
}
