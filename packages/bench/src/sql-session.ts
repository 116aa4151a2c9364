import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import type { ServerQuestions } from "@understudy/binlog";
import type { DatabaseServer } from "@understudy/database-server";

/** As our questions get them: no column of them is a date or binary. */
type Row = Record<string, string | number | null>;

const TIMEOUT_MS = 120_000;

/** A connection to a database server as root. Takes several statements in one text. */
export class SqlSession implements ServerQuestions, AsyncDisposable {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
    // a server that is gone tells at the next statement; nobody else need know
    connection.on("error", () => undefined);
  }

  /** Connects within 10 s. */
  static async open(server: Pick<DatabaseServer, "url">): Promise<SqlSession> {
    return new SqlSession(
      await createConnection({ uri: server.url, connectTimeout: 10_000, multipleStatements: true }),
    );
  }

  /** Runs one statement that gives rows, within 120 s. */
  async rows(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>({
      sql,
      values: [...values],
      timeout: TIMEOUT_MS,
    });
    return rows;
  }

  /** Runs statements for their effect, within 120 s. */
  async run(sql: string, values: readonly unknown[] = []): Promise<void> {
    await this.#connection.query({ sql, values: [...values], timeout: TIMEOUT_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.destroy();
  }
}
