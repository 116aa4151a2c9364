import { errorCodeOf } from "@understudy/protocol";
import type { NodeStatement, SqlExecutor, SqlRow, SqlSession } from "@understudy/sql-executor";
import type { SealedRow } from "./kept-row.ts";

/** Where keys and their answers are kept; made by `ClusterStore`. */
export const KEYS_TABLE = { database: "understudy", table: "idempotency_keys" } as const;

const TABLE = `${KEYS_TABLE.database}.${KEYS_TABLE.table}`;
const FIELDS = "idempotency_key, request_hash, state, status, answer, node_id, created_at, expires_at, mac";
const LOOKUP_TIMEOUT_MS = 10_000;
/** Deletes go into the binlog with all that the rows held. */
const PURGE_ROWS_MAX = 1000;
const PURGE_BYTES_MAX = 4 * 1024 * 1024;

/** The rows of `understudy.idempotency_keys`, under the node's own account. Throws as the executor does. */
export class KeyStore {
  readonly #executor: Pick<SqlExecutor, "withAdmin">;

  constructor(executor: Pick<SqlExecutor, "withAdmin">) {
    this.#executor = executor;
  }

  /**
   * The row under a key, whoever wrote it. With `settled` it first waits for a transaction that is about to write it, so that null
   * means: not there, and nobody is at it.
   */
  async find(key: string, { settled }: { readonly settled: boolean }): Promise<SealedRow | null> {
    const lock = settled ? " LOCK IN SHARE MODE" : "";
    const rows = await this.#run((session) =>
      session.rows(`SELECT ${FIELDS} FROM ${TABLE} WHERE idempotency_key = ?${lock}`, [key]),
    );
    const [row] = rows;
    return row ? sealedRowOf(row) : null;
  }

  /** Writes a row by itself. Returns false where there is one under its key. */
  async add(row: SealedRow): Promise<boolean> {
    const { sql, params } = insertStatement(row);
    try {
      await this.#run((session) => session.run(sql, params));
      return true;
    } catch (error) {
      if (errorCodeOf(error) === "duplicate-key") return false;
      throw error;
    }
  }

  /** Puts `row` in the place of the row with the seal `of`. Returns the change's GTID. */
  async replace(row: SealedRow, of: SealedRow): Promise<string | null> {
    const { gtid } = await this.#run((session) =>
      session.run(
        `UPDATE ${TABLE} SET state = ?, status = ?, answer = ?, mac = ? WHERE idempotency_key = ? AND mac = ?`,
        [row.state, row.status, row.answer, row.mac, of.key, of.mac],
      ),
    );
    return gtid;
  }

  /** Deletes this very row, and no newer one under its key. */
  async remove({ key, mac }: SealedRow): Promise<void> {
    await this.#run((session) =>
      session.run(`DELETE FROM ${TABLE} WHERE idempotency_key = ? AND mac = ?`, [key, mac]),
    );
  }

  /** Deletes some of the rows whose time ended before `beforeMs` or would end after `afterMs`. True where more may be left. */
  async purge(limits: { readonly beforeMs: number; readonly afterMs: number }): Promise<boolean> {
    return await this.#run(async (session) => {
      const expired = await purgeSome(session, "expires_at < ?", limits.beforeMs);
      const forged = await purgeSome(session, "expires_at > ?", limits.afterMs);
      return expired || forged;
    });
  }

  async #run<T>(task: (session: SqlSession) => Promise<T>): Promise<T> {
    return await this.#executor.withAdmin(task, { timeoutMs: LOOKUP_TIMEOUT_MS });
  }
}

/** The statement that keeps a row within somebody else's transaction. */
export function insertStatement(row: SealedRow): NodeStatement {
  return {
    sql: `INSERT INTO ${TABLE} (${FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    params: [
      row.key,
      row.hash,
      row.state,
      row.status,
      row.answer,
      row.nodeId,
      row.createdMs,
      row.expiresMs,
      row.mac,
    ],
  };
}

/** Keeps two rows, each given as its {@link insertStatement}, by one statement: both or none. */
export function insertBoth(first: NodeStatement, second: NodeStatement): NodeStatement {
  const marks = second.params.map(() => "?").join(", ");
  return { sql: `${first.sql}, (${marks})`, params: [...first.params, ...second.params] };
}

async function purgeSome(session: SqlSession, condition: string, limitMs: number): Promise<boolean> {
  const rows = await session.rows(
    `SELECT OCTET_LENGTH(answer) AS bytes FROM ${TABLE} WHERE ${condition} ORDER BY expires_at LIMIT ${PURGE_ROWS_MAX}`,
    [limitMs],
  );
  let bytes = 0;
  const beyond = rows.findIndex((row) => (bytes += Number(row["bytes"] ?? 0)) > PURGE_BYTES_MAX);
  const count = beyond < 0 ? rows.length : Math.max(1, beyond);
  if (count === 0) return false;
  await session.run(`DELETE FROM ${TABLE} WHERE ${condition} ORDER BY expires_at LIMIT ${count}`, [limitMs]);
  return count < rows.length || rows.length === PURGE_ROWS_MAX;
}

/** Binary columns come as base64. */
function sealedRowOf(row: SqlRow): SealedRow {
  const bytes = (name: string): Buffer => Buffer.from(String(row[name] ?? ""), "base64");
  return {
    key: String(row["idempotency_key"]),
    hash: bytes("request_hash"),
    state: row["state"] === "done" ? "done" : "intent",
    status: Number(row["status"]),
    answer: row["answer"] === null ? null : bytes("answer").toString("utf8"),
    nodeId: String(row["node_id"]),
    createdMs: Number(row["created_at"]),
    expiresMs: Number(row["expires_at"]),
    mac: bytes("mac"),
  };
}
