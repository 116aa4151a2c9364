import { systemRandom, type Logger } from "@understudy/kernel";
import { AdminSession } from "./admin-session.ts";
import { bindParams } from "./bind-params.ts";
import { classifyDriverError } from "./driver-error.ts";
import { isUnconfined, type ClientAccess, type ClientRight } from "./client-access.ts";
import { ExecutorSessions, type ClientPools, type ExecutorSessionsOptions } from "./executor-sessions.ts";
import { openInteractiveTransaction } from "./open-interactive-transaction.ts";
import { ConnectionLostError } from "./query-command.ts";
import { openRowStream } from "./row-stream.ts";
import * as inspection from "./schema-inspection.ts";
import type { ServerInfo } from "./server-info.ts";
import { collectRows } from "./session-answers.ts";
import { ShapeCache } from "./shape-cache.ts";
import type {
  Around,
  BatchOptions,
  BatchOutcome,
  ClientExecutor,
  ExecuteOptions,
  ExecuteResult,
  ExecutorLimits,
  OpenTransaction,
  OpenTransactionOptions,
  QueryOptions,
  QueryResult,
  RowStream,
  SqlExecutor,
  StreamOptions,
  TableName,
  TracedCall,
} from "./sql-executor.ts";
import type { SqlSession } from "./sql-session.ts";
import {
  endsTransaction,
  guardExecute,
  guardQuery,
  leavesState,
  readsState,
  rightFor,
} from "./statement-guard.ts";
import { WriteExecutor } from "./write-executor.ts";

const ADMIN_TIMEOUT_MS = 30_000;

/** What an executor is made of. */
interface ExecutorOptions extends ExecutorSessionsOptions {
  readonly around?: Around | undefined;
}

/** What all executors on one server share. */
interface Shared {
  readonly shapes: ShapeCache;
  readonly sessions: ExecutorSessions;
  readonly options: ExecutorOptions;
}

/** The one implementation of {@link SqlExecutor}. */
export class Executor implements SqlExecutor {
  readonly server: ServerInfo;
  readonly #shapes: ShapeCache;
  readonly #sessions: ExecutorSessions;
  readonly #writes: WriteExecutor;
  readonly #logger: Logger;
  readonly #limits: ExecutorLimits;
  readonly #around: Around;
  readonly #pools: ClientPools;
  /** The databases that it reaches; null for all. */
  readonly #databases: readonly string[] | null;
  readonly #shared: Shared;

  private constructor(shared: Shared, access: ClientAccess | null) {
    const { options, sessions } = shared;
    const { server } = options;
    this.server = server;
    this.#shared = shared;
    this.#logger = options.logger;
    this.#limits = options.limits;
    this.#around = options.around ?? ((_call, task) => task());
    this.#shapes = shared.shapes;
    this.#sessions = sessions;
    this.#pools = access ? sessions.poolsOf(access) : sessions.pools;
    this.#databases = access?.databases ?? null;
    this.#writes = new WriteExecutor({
      sessions: this.#sessions,
      pools: this.#pools,
      shapes: this.#shapes,
      server,
      clock: options.clock,
      random: systemRandom,
      resultBytesMax: options.limits.resultBytesMax,
      timeoutMs: options.limits.statementTimeoutMs,
    });
  }

  /** Its accounts are made by `refreshAccounts`. */
  static create(options: ExecutorOptions): Executor {
    const shapes = new ShapeCache(options.server);
    return new Executor({ shapes, sessions: new ExecutorSessions(options), options }, null);
  }

  confinedTo(access: ClientAccess): ClientExecutor {
    return isUnconfined(access) ? this : new Executor(this.#shared, access);
  }

  rightFor(sql: string): ClientRight {
    return rightFor(this.#shapes.read(sql));
  }

  async query(options: QueryOptions): Promise<QueryResult> {
    return await this.#around(this.#callOf("query", options), () => this.#query(options));
  }

  async #query(options: QueryOptions): Promise<QueryResult> {
    const shape = this.#shapes.read(options.sql);
    guardQuery(shape);
    const sql = bindParams(shape.sql, options.params, shape.placeholders);
    const timeoutMs = options.timeoutMs ?? this.#limits.statementTimeoutMs;
    const { lending } = this.#sessions;
    try {
      return await lending.lend(
        {
          pool: this.#pools.reader,
          timeoutMs,
          database: options.database,
          fresh: readsState(shape),
          repeat: "always",
        },
        async ({ session }) => {
          if (leavesState(shape)) session.markForReset();
          return await collectRows(session, sql, { ...options, resultBytesMax: this.#limits.resultBytesMax });
        },
      );
    } catch (error) {
      throw classifyDriverError(error);
    }
  }

  async stream(options: StreamOptions): Promise<RowStream> {
    return await this.#around(this.#callOf("stream", options), () => this.#stream(options));
  }

  async #stream(options: StreamOptions): Promise<RowStream> {
    const shape = this.#shapes.read(options.sql);
    guardQuery(shape);
    const { lending, deadlines } = this.#sessions;
    return await openRowStream(
      { pool: this.#pools.reader, lending, deadlines },
      {
        sql: bindParams(shape.sql, options.params, shape.placeholders),
        shape: options.rows ?? "objects",
        database: options.database,
        fresh: readsState(shape),
        leavesState: leavesState(shape),
        timeoutMs: options.timeoutMs ?? this.#limits.statementTimeoutMs,
        signal: options.signal,
      },
    );
  }

  async execute(options: ExecuteOptions): Promise<ExecuteResult> {
    return await this.#around(this.#callOf("execute", options), () => this.#writes.execute(options));
  }

  async batch(options: BatchOptions): Promise<BatchOutcome> {
    return await this.#around(this.#callOf("batch", options), () => this.#writes.batch(options));
  }

  async openTransaction(options: OpenTransactionOptions): Promise<OpenTransaction> {
    const services = {
      sessions: this.#sessions,
      pool: this.#pools.transaction,
      shapes: this.#shapes,
      logger: this.#logger,
      flavour: this.server.flavour,
      resultBytesMax: this.#limits.resultBytesMax,
      timeoutMs: this.#limits.statementTimeoutMs,
    };
    return await this.#around(this.#callOf("begin", options), () =>
      openInteractiveTransaction(services, options),
    );
  }

  #callOf(call: TracedCall["call"], { database }: { readonly database?: string | undefined }): TracedCall {
    return { call, database, flavour: this.server.flavour };
  }

  commitsByItself(sql: string): boolean {
    const shape = this.#shapes.read(sql);
    guardExecute(shape);
    return endsTransaction(shape);
  }

  async withAdmin<T>(
    task: (session: SqlSession) => Promise<T>,
    options: { timeoutMs?: number } = {},
  ): Promise<T> {
    return await this.#asNode("admin", options.timeoutMs ?? ADMIN_TIMEOUT_MS, task);
  }

  /** What clients ask of schemas. */
  async #inspect<T>(task: (session: SqlSession) => Promise<T>): Promise<T> {
    return await this.#asNode("inspection", this.#limits.statementTimeoutMs, task);
  }

  async #asNode<T>(
    kind: "admin" | "inspection",
    timeoutMs: number,
    task: (session: SqlSession) => Promise<T>,
  ): Promise<T> {
    const { lending, pools } = this.#sessions;
    try {
      return await lending.lend(
        { pool: pools[kind], timeoutMs, repeat: "unsent" },
        async ({ session }) => await task(new AdminSession(session)),
      );
    } catch (error) {
      throw error instanceof ConnectionLostError ? classifyDriverError(error) : error;
    }
  }

  async endApplicationSessions(): Promise<void> {
    await this.#sessions.endApplicationSessions();
  }

  async refreshAccounts(): Promise<void> {
    await this.#sessions.refreshAccounts();
  }

  async allowKeeping(table: TableName): Promise<void> {
    await this.#sessions.allowKeeping(table);
  }

  async listDatabases(): Promise<string[]> {
    const all = await this.#inspect(inspection.listDatabases);
    const own = this.#databases;
    return own === null ? all : all.filter((database) => own.includes(database));
  }

  async describeDatabase(database: string): ReturnType<SqlExecutor["describeDatabase"]> {
    return await this.#inspect(async (session) => await inspection.describeDatabase(session, database));
  }

  async listTables(database: string): ReturnType<SqlExecutor["listTables"]> {
    return await this.#inspect(async (session) => await inspection.listTables(session, database));
  }

  async describeTable(name: TableName): ReturnType<SqlExecutor["describeTable"]> {
    return await this.#inspect(async (session) => await inspection.describeTable(session, name));
  }

  poolUse(): ReturnType<SqlExecutor["poolUse"]> {
    const { reader, application, transaction, inspection: inspected, admin, control } = this.#sessions.pools;
    return {
      reader: reader.use,
      application: application.use,
      transaction: transaction.use,
      inspection: inspected.use,
      admin: admin.use,
      control: control.use,
    };
  }

  async tablesWithoutPrimaryKey(): Promise<TableName[]> {
    return await this.withAdmin(inspection.tablesWithoutPrimaryKey);
  }

  async nonTransactionalTables(): ReturnType<SqlExecutor["nonTransactionalTables"]> {
    return await this.withAdmin(inspection.nonTransactionalTables);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions[Symbol.asyncDispose]();
  }
}
