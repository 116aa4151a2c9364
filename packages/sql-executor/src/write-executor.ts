import { UnderstudyError } from "@understudy/protocol";
import { trustRoutines } from "./accounts.ts";
import { atIndex, isolationStatement, rollBack, withIndex, type PreparedStatement } from "./batch-steps.ts";
import { bindParams } from "./bind-params.ts";
import type { DatabaseSession } from "./database-session.ts";
import { classifyDriverError, errnoOf } from "./driver-error.ts";
import type { ExecutorSessions } from "./executor-sessions.ts";
import type { Lend } from "./lending.ts";
import { changeOf } from "./outcome-results.ts";
import type { StatementOutcome } from "./collected-rows.ts";
import { ConnectionLostError } from "./query-command.ts";
import type { ServerInfo } from "./server-info.ts";
import { collectRows, readWarnings } from "./session-answers.ts";
import type { ShapeCache } from "./shape-cache.ts";
import type {
  BatchOptions,
  BatchOutcome,
  BatchStatementResult,
  ExecuteOptions,
  ExecuteResult,
  SqlStatement,
} from "./sql-executor.ts";
import { guardBatchStatement, guardExecute, leavesState, readsState } from "./statement-guard.ts";

/** What a {@link WriteExecutor} needs. */
export interface WriteExecutorOptions {
  readonly sessions: ExecutorSessions;
  readonly shapes: ShapeCache;
  readonly server: ServerInfo;
  readonly resultBytesMax: number;
}

const TIMEOUT_MS = 30_000;
/** ER_BINLOG_UNSAFE_ROUTINE, ER_BINLOG_CREATE_ROUTINE_NEED_SUPER. */
const ROUTINE_NOT_TRUSTED: ReadonlySet<number> = new Set([1418, 1419]);

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
          warnings: await readWarnings(session, outcome),
          gtid,
          retries: 0,
        };
      });
    try {
      return await execute();
    } catch (error) {
      if (!ROUTINE_NOT_TRUSTED.has(errnoOf(error) ?? 0)) throw error;
      // The server was started anew since the accounts were made, and refused before it did anything.
      await this.#options.sessions.control(trustRoutines);
      return await execute();
    }
  }

  /** As `SqlExecutor.batch`. */
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

  async #write<T>(
    options: { timeoutMs: number; database: string | undefined; fresh: boolean },
    task: (lend: Lend) => Promise<T>,
  ): Promise<T> {
    const { lending, pools } = this.#options.sessions;
    try {
      return await lending.lend({ ...options, pool: pools.application, repeat: "unsent" }, task);
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
    const shape = this.#options.shapes.read(statement.sql);
    const isQuery = guardBatchStatement(shape);
    return { shape, isQuery, sql: bindParams(shape.sql, statement.params, shape.placeholders) };
  }

  async #batchStatement(lend: Lend, statement: PreparedStatement): Promise<BatchStatementResult> {
    lend.check();
    const { session } = lend;
    const { resultBytesMax } = this.#options;
    if (statement.isQuery) return await collectRows(session, statement.sql, { resultBytesMax });
    const outcome = await session.run(statement.sql);
    return { ...changeOf(statement.shape, outcome), warnings: await readWarnings(session, outcome) };
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
