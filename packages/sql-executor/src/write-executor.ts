import { errnoOf } from "@understudy/binlog";
import type { Clock, Random } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { trustRoutines } from "./accounts.ts";
import { atIndex, isolationStatement, withIndex, type PreparedStatement } from "./batch-steps.ts";
import { bindParams } from "./bind-params.ts";
import { againAfterDeadlock } from "./deadlock-retry.ts";
import type { DatabaseSession } from "./database-session.ts";
import { classifyDriverError } from "./driver-error.ts";
import type { ClientPools, ExecutorSessions } from "./executor-sessions.ts";
import type { Lend, LendOptions } from "./lending.ts";
import { changeOf } from "./outcome-results.ts";
import { beforeCommit, commit, rollBack, runNodeStatement, writeUncertain } from "./own-transaction.ts";
import type { StatementOutcome } from "./collected-rows.ts";
import { ConnectionLostError } from "./query-command.ts";
import type { ServerInfo } from "./server-info.ts";
import { collectRows, readWarnings } from "./session-answers.ts";
import type { ShapeCache } from "./shape-cache.ts";
import type {
  BatchOptions,
  BatchOutcome,
  BatchStatementResult,
  ChangeResult,
  ExecuteOptions,
  ExecuteResult,
  NodeStatement,
  SqlStatement,
} from "./sql-executor.ts";
import {
  endsTransaction,
  guardBatchStatement,
  guardDatabase,
  guardExecute,
  leavesState,
  readsState,
} from "./statement-guard.ts";

/** What a {@link WriteExecutor} needs. */
export interface WriteExecutorOptions {
  readonly sessions: ExecutorSessions;
  readonly pools: Pick<ClientPools, "application">;
  readonly shapes: ShapeCache;
  readonly server: ServerInfo;
  readonly clock: Clock;
  readonly random: Random;
  readonly resultBytesMax: number;
  /** For calls that name no time of their own. */
  readonly timeoutMs: number;
}

/** ER_BINLOG_UNSAFE_ROUTINE, ER_BINLOG_CREATE_ROUTINE_NEED_SUPER. */
const ROUTINE_NOT_TRUSTED: ReadonlySet<number> = new Set([1418, 1419]);

/** A transaction that begins and ends within one call. */
interface TransactionSteps<T> {
  readonly isolation?: BatchOptions["isolation"];
  readonly run: () => Promise<T>;
  readonly keep: ((done: T) => NodeStatement) | undefined;
}

/** Runs changes under the application account: one statement, or several as one transaction. */
export class WriteExecutor {
  readonly #options: WriteExecutorOptions;

  constructor(options: WriteExecutorOptions) {
    this.#options = options;
  }

  /** As `SqlExecutor.execute`. */
  async execute(options: ExecuteOptions): Promise<ExecuteResult> {
    const shape = this.#options.shapes.read(options.sql);
    guardExecute(shape);
    guardDatabase(options.database);
    const sql = bindParams(shape.sql, options.params, shape.placeholders);
    const { beforeCommit: keep, timeoutMs = this.#options.timeoutMs } = options;
    const isAlone = endsTransaction(shape);
    if (keep && isAlone)
      throw new UnderstudyError("internal", "it commits by itself, so nothing can join it");
    const write = async (leftMs: number): Promise<Omit<ExecuteResult, "retries">> =>
      await this.#write(
        {
          timeoutMs: leftMs,
          database: options.database,
          fresh: readsState(shape),
          // MariaDB makes a table with the collation that its database had when the session chose it, and slaves with today's
          chooseAnew: shape.objectKind !== "",
          autocommit: keep === undefined,
        },
        async (lend) => {
          if (leavesState(shape)) lend.session.markForReset();
          if (keep === undefined) return await this.#change(lend.session, { shape, sql });
          const { done, gtid } = await this.#transact(lend, {
            run: async () => await this.#changeWithin(lend.session, { shape, sql }),
            keep,
          });
          return { ...done, gtid };
        },
      );
    if (!isAlone) return await againAfterDeadlock({ ...this.#options, timeoutMs }, write);
    try {
      return { ...(await write(timeoutMs)), retries: 0 };
    } catch (error) {
      if (!ROUTINE_NOT_TRUSTED.has(errnoOf(error) ?? 0)) throw error;
      // The server was started anew since the accounts were made, and refused before it did anything.
      await this.#options.sessions.control(trustRoutines);
      return { ...(await write(timeoutMs)), retries: 0 };
    }
  }

  /** As `SqlExecutor.batch`. */
  async batch(options: BatchOptions): Promise<BatchOutcome> {
    const { database, isolation, beforeCommit: keep, timeoutMs = this.#options.timeoutMs } = options;
    guardDatabase(database);
    const statements = options.statements.map((statement, index) =>
      atIndex(index, () => this.#prepare(statement)),
    );
    return await againAfterDeadlock(
      { ...this.#options, timeoutMs },
      async (leftMs) =>
        await this.#write({ timeoutMs: leftMs, database, fresh: false, autocommit: false }, async (lend) => {
          if (statements.some(({ shape }) => leavesState(shape))) lend.session.markForReset();
          const { done, gtid } = await this.#transact(lend, {
            isolation,
            run: async () => await this.#batchStatements(lend, statements),
            keep,
          });
          return { results: done, gtid };
        }),
    );
  }

  /** One statement that is a transaction of its own. */
  async #change(
    session: DatabaseSession,
    { shape, sql }: Pick<PreparedStatement, "shape" | "sql">,
  ): Promise<ChangeResult & { gtid: string | null }> {
    const outcome = await session.run(sql);
    const gtid = outcome.columns === null ? outcome.gtid : await this.#gtidBehindRows(session, outcome);
    return { ...changeOf(shape, outcome), warnings: await readWarnings(session, outcome), gtid };
  }

  /** One statement within a transaction; its GTID comes with COMMIT. */
  async #changeWithin(
    session: DatabaseSession,
    { shape, sql }: Pick<PreparedStatement, "shape" | "sql">,
  ): Promise<ChangeResult> {
    return await beforeCommit(async () => {
      const outcome = await session.run(sql);
      return { ...changeOf(shape, outcome), warnings: await readWarnings(session, outcome) };
    });
  }

  async #batchStatements(
    lend: Lend,
    statements: readonly PreparedStatement[],
  ): Promise<BatchStatementResult[]> {
    const { session } = lend;
    const { resultBytesMax } = this.#options;
    const results: BatchStatementResult[] = [];
    for (const [index, statement] of statements.entries()) {
      try {
        lend.check();
        results.push(
          statement.isQuery
            ? await collectRows(session, statement.sql, { resultBytesMax })
            : await this.#changeWithin(session, statement),
        );
      } catch (error) {
        throw withIndex(classifyDriverError(error), index);
      }
    }
    return results;
  }

  /**
   * Runs `run`, then the node's own statement, then COMMIT, which waits for the answers of both. The session does not commit by
   * itself, so no START TRANSACTION is needed, and nothing is ever committed where something before failed.
   */
  async #transact<T>(lend: Lend, steps: TransactionSteps<T>): Promise<{ done: T; gtid: string | null }> {
    const { session } = lend;
    const { isolation, run, keep } = steps;
    try {
      if (isolation !== undefined) {
        await beforeCommit(async () => {
          await session.run(isolationStatement(isolation));
          // Else it would be left to a later call, were there nothing here that begins a transaction.
          await session.run("START TRANSACTION");
        });
      }
      const done = await run();
      if (keep) {
        const statement = keep(done);
        lend.check();
        await runNodeStatement(session, statement);
      }
      lend.check();
      lend.enterCommit();
      return { done, gtid: await commit(session) };
    } catch (error) {
      await rollBack(session);
      throw error;
    }
  }

  async #write<T>(
    options: Omit<LendOptions, "pool" | "repeat">,
    task: (lend: Lend) => Promise<T>,
  ): Promise<T> {
    const { pools, sessions } = this.#options;
    const { lending } = sessions;
    try {
      return await lending.lend({ ...options, pool: pools.application, repeat: "unsent" }, task);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      throw error.sent ? writeUncertain(error) : classifyDriverError(error);
    }
  }

  #prepare(statement: SqlStatement): PreparedStatement {
    const shape = this.#options.shapes.read(statement.sql);
    const isQuery = guardBatchStatement(shape);
    return { shape, isQuery, sql: bindParams(shape.sql, statement.params, shape.placeholders) };
  }

  /** A change that answers with rows has no OK packet; MariaDB tells its GTID when asked. */
  async #gtidBehindRows(session: DatabaseSession, outcome: StatementOutcome): Promise<string | null> {
    if (outcome.gtid !== null || outcome.rowCount === 0 || this.#options.server.flavour === "mysql")
      return outcome.gtid;
    const { rows } = await session.run("SELECT @@last_gtid", { shape: "arrays", rowsMax: 1, bytesMax: 1024 });
    const [row] = rows;
    const gtid = Array.isArray(row) ? row[0] : null;
    return typeof gtid === "string" && gtid !== "" ? gtid : null;
  }
}
