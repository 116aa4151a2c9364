import { UnderstudyError, type OutputValue } from "@understudy/protocol";
import type { DatabaseSession } from "./database-session.ts";
import { classifyDriverError } from "./driver-error.ts";
import { bindSqlParams } from "./bind-sql-params.ts";
import type { RawConnection } from "./raw-connection.ts";
import type { SqlParam, SqlRow, SqlSession, WriteResult } from "./sql-session.ts";

const ROWS = { shape: "objects", rowsMax: 1_000_000, bytesMax: 256 * 1024 * 1024 } as const;

/**
 * Statements that leave nothing in their session, nor do they read what is its own: after these it needs no reset. A transaction that is
 * still open needs one all the same.
 */
const LEAVES_NOTHING =
  /^\s*(?:START TRANSACTION WITH CONSISTENT SNAPSHOT$|COMMIT$|SET\s+GLOBAL\s+\w+\s*=\s*\w+\s*$|(?:SELECT|SHOW|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|KILL|GRANT|REVOKE)\b(?:[^@]|@@GLOBAL\.)*$)/i;

/** The node's own face of a {@link DatabaseSession}. */
export class AdminSession implements SqlSession {
  readonly #session: DatabaseSession;

  constructor(session: DatabaseSession) {
    this.#session = session;
  }

  get raw(): RawConnection {
    this.#session.markForReset();
    return this.#session.raw;
  }

  async rows(sql: string, params: readonly SqlParam[] = []): Promise<SqlRow[]> {
    const outcome = await this.#run(sql, params);
    if (outcome.overflow !== null)
      throw new UnderstudyError("too-many-rows", "more rows than a node may hold");
    return outcome.rows.filter(isObject);
  }

  async run(sql: string, params: readonly SqlParam[] = []): Promise<WriteResult> {
    const { affectedRows, insertId, warningCount, gtid } = await this.#run(sql, params);
    return { affectedRows, insertId, warningCount, gtid };
  }

  async #run(sql: string, params: readonly SqlParam[]): ReturnType<DatabaseSession["run"]> {
    if (!LEAVES_NOTHING.test(sql)) this.#session.markForReset();
    try {
      return await this.#session.run(bindSqlParams(sql, params), ROWS);
    } catch (error) {
      throw classifyDriverError(error);
    }
  }
}

function isObject(row: SqlRow | OutputValue[]): row is SqlRow {
  return !Array.isArray(row);
}
