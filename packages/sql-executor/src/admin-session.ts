import { UnderstudyError, type OutputValue } from "@understudy/protocol";
import type { DatabaseSession } from "./database-session.ts";
import { classifyDriverError } from "./driver-error.ts";
import { findPlaceholders } from "./bind-params.ts";
import type { RawConnection } from "./raw-connection.ts";
import { bytesLiteral, sqlLiteral } from "./sql-literal.ts";
import type { SqlParam, SqlRow, SqlSession, WriteResult } from "./sql-session.ts";

const ROWS = { shape: "objects", rowsMax: 1_000_000, bytesMax: 256 * 1024 * 1024 } as const;

/** Statements that leave nothing in their session: after these it needs no reset. */
const LEAVES_NOTHING =
  /^\s*(?:SELECT|SHOW|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|KILL|GRANT|REVOKE)\b[^@]*$/i;

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

/** As `bindParams`, for the node's own kinds of values. */
function bindSqlParams(sql: string, params: readonly SqlParam[]): string {
  if (params.length === 0) return sql;
  const placeholders = findPlaceholders(sql).filter(({ name }) => name === null);
  if (placeholders.length !== params.length) {
    throw new UnderstudyError("internal", `${placeholders.length} placeholders, ${params.length} parameters`);
  }
  let at = 0;
  const parts = placeholders.map(({ start, end }, index) => {
    const part = `${sql.slice(at, start)} ${literalOf(params[index] ?? null, index)} `;
    at = end;
    return part;
  });
  return parts.join("") + sql.slice(at);
}

function isObject(row: SqlRow | OutputValue[]): row is SqlRow {
  return !Array.isArray(row);
}

function literalOf(value: SqlParam, index: number): string {
  if (value instanceof Uint8Array) return bytesLiteral(value);
  return typeof value === "bigint" ? String(value) : sqlLiteral(value, String(index + 1));
}
