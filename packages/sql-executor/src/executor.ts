import type { Clock, Logger } from "@understudy/kernel";
import { UnderstudyError, type Warning } from "@understudy/protocol";
import { ACCOUNT_NAMES, makeAccounts, newPassword, trustRoutines, type ClientAccount } from "./accounts.ts";
import { AdminSession } from "./admin-session.ts";
import { atIndex, isolationStatement, rollBack, withIndex, type PreparedStatement } from "./batch-steps.ts";
import { bindParams } from "./bind-params.ts";
import { DatabaseSession } from "./database-session.ts";
import type { DatabaseEndpoint } from "./database-endpoint.ts";
import { classifyDriverError, errnoOf } from "./driver-error.ts";
import { Deadlines } from "./deadlines.ts";
import { Lending, type Lend } from "./lending.ts";
import type { RowLimits, StatementOutcome } from "./collected-rows.ts";
import { ConnectionLostError } from "./query-command.ts";
import { connectRaw } from "./raw-connection.ts";
import * as inspection from "./schema-inspection.ts";
import type { ServerInfo } from "./server-info.ts";
import { SessionPool } from "./session-pool.ts";
import { SESSION_PRELUDES, sessionSetUp, type SessionKind } from "./session-set-up.ts";
import { ShapeCache } from "./shape-cache.ts";
import type {
  BatchOptions,
  BatchOutcome,
  BatchStatementResult,
  ExecuteOptions,
  ExecuteResult,
  ExecutorLimits,
  OpenTransaction,
  OpenTransactionOptions,
  PoolSizes,
  QueryOptions,
  QueryResult,
  RowStream,
  SqlExecutor,
  SqlStatement,
  StreamOptions,
  TableName,
} from "./sql-executor.ts";
import { changeOf, queryResultOf, warningsOf } from "./outcome-results.ts";
import type { SqlSession } from "./sql-session.ts";
import {
  endsTransaction,
  guardBatchStatement,
  guardExecute,
  guardQuery,
  leavesState,
  readsState,
} from "./statement-guard.ts";

/** What an {@link Executor} is made of. */
export interface ExecutorOptions {
  readonly endpoint: DatabaseEndpoint;
  readonly server: ServerInfo;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly poolSizes: PoolSizes;
  readonly limits: ExecutorLimits;
}

const TIMEOUT_MS = 30_000;
const ROWS_MAX = 10_000;
/** Connections for ending statements and making accounts; never lent, so that they can't be used up. */
const CONTROL_SESSIONS = 2;
const CONTROL_MS_MAX = 10_000;
const WARNINGS_MAX = 100;
/** ER_BINLOG_UNSAFE_ROUTINE, ER_BINLOG_CREATE_ROUTINE_NEED_SUPER. */
const ROUTINE_NOT_TRUSTED: ReadonlySet<number> = new Set([1418, 1419]);

/** The one implementation of {@link SqlExecutor}. */
export class Executor implements SqlExecutor {
  readonly server: ServerInfo;
  readonly #options: ExecutorOptions;
  readonly #shapes: ShapeCache;
  readonly #deadlines: Deadlines;
  readonly #lending: Lending;
  readonly #pools: Readonly<Record<SessionKind, SessionPool>>;
  readonly #passwords: Record<ClientAccount, string> = { reader: newPassword(), application: newPassword() };
  #refreshing: Promise<void> | null = null;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.server = options.server;
    this.#shapes = new ShapeCache(options.server);
    this.#pools = {
      reader: this.#createPool("reader", options.poolSizes.reader),
      application: this.#createPool("application", options.poolSizes.application),
      admin: this.#createPool("admin", options.poolSizes.admin),
      control: this.#createPool("control", CONTROL_SESSIONS),
    };
    this.#deadlines = new Deadlines(options.clock);
    this.#lending = new Lending({
      deadlines: this.#deadlines,
      logger: options.logger,
      killQuery: async (threadId) =>
        await this.#control(async (session) => void (await session.run(`KILL QUERY ${threadId}`))),
    });
  }

  async query(options: QueryOptions): Promise<QueryResult> {
    const shape = this.#shapes.read(options.sql);
    guardQuery(shape);
    const sql = bindParams(shape.sql, options.params, shape.placeholders);
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    try {
      return await this.#lending.lend(
        {
          pool: this.#pools.reader,
          timeoutMs,
          database: options.database,
          fresh: readsState(shape),
          repeat: "always",
        },
        async ({ session }) => {
          if (leavesState(shape)) session.markForReset();
          return await this.#rows(session, sql, options);
        },
      );
    } catch (error) {
      throw classifyDriverError(error);
    }
  }

  async execute(options: ExecuteOptions): Promise<ExecuteResult> {
    const shape = this.#shapes.read(options.sql);
    guardExecute(shape);
    const sql = bindParams(shape.sql, options.params, shape.placeholders);
    const lendOptions = {
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      database: options.database,
      fresh: readsState(shape),
      // MariaDB makes a table with the collation that its database had when the session chose it, and slaves with today's
      chooseAnew: shape.objectKind !== "",
    };
    const execute = async (): Promise<ExecuteResult> =>
      await this.#write(lendOptions, async ({ session }) => {
        if (leavesState(shape)) session.markForReset();
        const outcome = await session.run(sql);
        const gtid = outcome.columns === null ? outcome.gtid : await this.#gtidBehindRows(session, outcome);
        return {
          ...changeOf(shape, outcome),
          warnings: await this.#warnings(session, outcome),
          gtid,
          retries: 0,
        };
      });
    try {
      return await execute();
    } catch (error) {
      if (!ROUTINE_NOT_TRUSTED.has(errnoOf(error) ?? 0)) throw error;
      // The server was started anew since the accounts were made, and refused before it did anything.
      await this.#control(trustRoutines);
      return await execute();
    }
  }

  async batch(options: BatchOptions): Promise<BatchOutcome> {
    const statements = options.statements.map((statement, index) =>
      atIndex(index, () => this.#prepare(statement)),
    );
    const lendOptions = { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, database: options.database };
    return await this.#write({ ...lendOptions, fresh: false }, async (lend) => {
      const { session } = lend;
      if (statements.some(({ shape }) => leavesState(shape))) session.markForReset();
      await this.#beforeCommit(async () => {
        if (options.isolation !== undefined) await session.run(isolationStatement(options.isolation));
        await session.run("START TRANSACTION");
      });
      try {
        const results: BatchStatementResult[] = [];
        for (const [index, statement] of statements.entries()) {
          results.push(
            await this.#beforeCommit(async () => await this.#batchStatement(lend, statement), index),
          );
        }
        lend.check();
        lend.enterCommit();
        const { gtid } = await session.run("COMMIT");
        return { results, gtid, retries: 0 };
      } catch (error) {
        await rollBack(session);
        throw error;
      }
    });
  }

  async openTransaction(_options: OpenTransactionOptions): Promise<OpenTransaction> {
    throw new UnderstudyError("internal", "not there yet");
  }

  async stream(_options: StreamOptions): Promise<RowStream> {
    throw new UnderstudyError("internal", "not there yet");
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
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    try {
      return await this.#lending.lend(
        { pool: this.#pools.admin, timeoutMs, repeat: "unsent" },
        async ({ session }) => await task(new AdminSession(session)),
      );
    } catch (error) {
      throw error instanceof ConnectionLostError ? classifyDriverError(error) : error;
    }
  }

  async endApplicationSessions(): Promise<void> {
    await this.#control(async (session) => {
      const { rows } = await session.run("SHOW PROCESSLIST", {
        shape: "objects",
        rowsMax: 100_000,
        bytesMax: 1 << 26,
      });
      for (const row of rows) {
        if (Array.isArray(row) || row["User"] !== ACCOUNT_NAMES.application) continue;
        // One that ended by itself in the meantime is what we want.
        await session.run(`KILL CONNECTION ${String(row["Id"])}`).catch(ignoreUnknownThread);
      }
    });
    this.#pools.application.dropIdle();
  }

  /** Makes the two accounts anew under the passwords of this executor; calls at the same time share one try. */
  async refreshAccounts(): Promise<void> {
    this.#refreshing ??= this.#control(async (session) => {
      session.markForReset();
      await makeAccounts(session, this.server, this.#passwords);
    }).finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  async listDatabases(): Promise<string[]> {
    return await this.withAdmin(inspection.listDatabases);
  }

  async describeDatabase(database: string): ReturnType<SqlExecutor["describeDatabase"]> {
    return await this.withAdmin(async (session) => await inspection.describeDatabase(session, database));
  }

  async listTables(database: string): ReturnType<SqlExecutor["listTables"]> {
    return await this.withAdmin(async (session) => await inspection.listTables(session, database));
  }

  async describeTable(name: TableName): ReturnType<SqlExecutor["describeTable"]> {
    return await this.withAdmin(async (session) => await inspection.describeTable(session, name));
  }

  async tablesWithoutPrimaryKey(): Promise<TableName[]> {
    return await this.withAdmin(inspection.tablesWithoutPrimaryKey);
  }

  async nonTransactionalTables(): ReturnType<SqlExecutor["nonTransactionalTables"]> {
    return await this.withAdmin(inspection.nonTransactionalTables);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pool of Object.values(this.#pools)) await pool[Symbol.asyncDispose]();
    await this.#lending[Symbol.asyncDispose]();
    await this.#deadlines[Symbol.asyncDispose]();
  }

  #createPool(kind: SessionKind, sizeMax: number): SessionPool {
    const { queueMax, acquireTimeoutMs } = this.#options.limits;
    const { clock } = this.#options;
    return new SessionPool({
      name: kind,
      sizeMax,
      queueMax,
      acquireTimeoutMs,
      clock,
      open: async () => await this.#open(kind),
    });
  }

  async #open(kind: SessionKind): Promise<DatabaseSession> {
    try {
      return await this.#connect(kind);
    } catch (error) {
      const isClient = kind === "reader" || kind === "application";
      if (!isClient || !(error instanceof UnderstudyError) || error.code !== "forbidden") throw error;
      // The server was rebuilt from somebody else's copy: our accounts are gone or have another password.
      await this.refreshAccounts();
      return await this.#connect(kind);
    }
  }

  async #connect(kind: SessionKind): Promise<DatabaseSession> {
    const { endpoint, limits, server } = this.#options;
    const isClient = kind === "reader" || kind === "application";
    const account = isClient ? { user: ACCOUNT_NAMES[kind], password: this.#passwords[kind] } : {};
    const raw = await connectRaw({ ...endpoint, ...account }, { timeoutMs: limits.connectTimeoutMs });
    const session = new DatabaseSession(raw, sessionSetUp(kind, server.flavour), SESSION_PRELUDES[kind]);
    try {
      await this.#deadlines.bound(
        limits.connectTimeoutMs,
        () => session.destroy(),
        async () => await session.setUp(),
      );
    } catch (error) {
      session.destroy();
      throw classifyDriverError(error);
    }
    return session;
  }

  /** A task of our own on a connection that client calls can't use up. */
  async #control<T>(task: (session: DatabaseSession) => Promise<T>): Promise<T> {
    const pool = this.#pools.control;
    for (let attempt = 0; ; attempt++) {
      const session = await pool.acquire();
      try {
        return await this.#deadlines.bound(
          CONTROL_MS_MAX,
          () => session.destroy(),
          async () => {
            const result = await task(session);
            await session.clean();
            return result;
          },
        );
      } catch (error) {
        // What it did halfway, such as sql_log_bin=0, must not meet the next one.
        session.destroy();
        if (attempt > 0 || !(error instanceof ConnectionLostError) || error.sent)
          throw classifyDriverError(error);
        pool.dropIdle();
      } finally {
        pool.release(session);
      }
    }
  }

  async #write<T>(
    options: { timeoutMs: number; database: string | undefined; fresh: boolean },
    task: (lend: Lend) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#lending.lend({ ...options, pool: this.#pools.application, repeat: "unsent" }, task);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      if (!error.sent) throw classifyDriverError(error);
      throw new UnderstudyError(
        "write-uncertain",
        "the connection to the database server broke after the write was sent; it may or may not have been committed",
        { cause: error },
      );
    }
  }

  #prepare(statement: SqlStatement): PreparedStatement {
    const shape = this.#shapes.read(statement.sql);
    const isQuery = guardBatchStatement(shape);
    return { shape, isQuery, sql: bindParams(shape.sql, statement.params, shape.placeholders) };
  }

  async #batchStatement(lend: Lend, statement: PreparedStatement): Promise<BatchStatementResult> {
    lend.check();
    if (statement.isQuery) return await this.#rows(lend.session, statement.sql, {});
    const outcome = await lend.session.run(statement.sql);
    return { ...changeOf(statement.shape, outcome), warnings: await this.#warnings(lend.session, outcome) };
  }

  /** What breaks here broke before COMMIT was sent, so the server rolls it back for certain. */
  async #beforeCommit<T>(step: () => Promise<T>, index?: number): Promise<T> {
    try {
      return await step();
    } catch (error) {
      const classified = classifyDriverError(error);
      throw index === undefined ? classified : withIndex(classified, index);
    }
  }

  async #rows(
    session: DatabaseSession,
    sql: string,
    options: Pick<QueryOptions, "rows" | "maxRows">,
  ): Promise<QueryResult> {
    const limits: RowLimits = {
      shape: options.rows ?? "objects",
      rowsMax: options.maxRows ?? ROWS_MAX,
      bytesMax: this.#options.limits.resultBytesMax,
    };
    return queryResultOf(await session.run(sql, limits), limits);
  }

  async #warnings(session: DatabaseSession, { warningCount }: StatementOutcome): Promise<Warning[]> {
    if (warningCount === 0) return [];
    const limits = { shape: "arrays", rowsMax: WARNINGS_MAX, bytesMax: 1 << 20 } as const;
    try {
      return warningsOf(await session.run(`SHOW WARNINGS LIMIT ${WARNINGS_MAX}`, limits));
    } catch (error) {
      // The change itself is done; that its warnings can't be had must not make it look undone.
      if (error instanceof ConnectionLostError) return [];
      throw error;
    }
  }

  /** A change that answers with rows has no OK packet; MariaDB tells its GTID when asked. */
  async #gtidBehindRows(session: DatabaseSession, outcome: StatementOutcome): Promise<string | null> {
    if (outcome.gtid !== null || outcome.rowCount === 0 || this.server.flavour === "mysql")
      return outcome.gtid;
    const { rows } = await session.run("SELECT @@last_gtid", { shape: "arrays", rowsMax: 1, bytesMax: 1024 });
    const [row] = rows;
    const gtid = Array.isArray(row) ? row[0] : null;
    return typeof gtid === "string" && gtid !== "" ? gtid : null;
  }
}

function ignoreUnknownThread(error: unknown): void {
  if (errnoOf(error) !== 1094) throw error;
}
