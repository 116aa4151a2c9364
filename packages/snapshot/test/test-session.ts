import { createConnection, type Connection } from "mysql2";
import type { BinlogConnection, ServerQuestions } from "@understudy/binlog";
import type { DatabaseServer } from "@understudy/database-server";
import type { SnapshotEndpoint } from "../src/index.ts";

/** A row by column name. */
export type Row = Record<string, string | number | null>;

/** mysql2's connection with its undocumented door for commands. */
type RawConnection = Connection & { addCommand: BinlogConnection["addCommand"] };

/** The server as the package takes it. */
export function endpointOf(
  server: DatabaseServer,
  account: { user: string; password: string } = server,
): SnapshotEndpoint {
  return { socketPath: server.socketPath, user: account.user, password: account.password };
}

/** A logged-in callback-style connection. */
export function connectRaw(
  server: DatabaseServer,
  account: { user: string; password: string } = server,
): Promise<RawConnection> {
  const connection = createConnection({
    socketPath: server.socketPath,
    user: account.user,
    password: account.password,
    charset: "utf8mb4_general_ci",
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
  });
  connection.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection as RawConnection)));
  });
}

/** A session to write with and to ask. */
export class TestSession implements ServerQuestions, Disposable {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async open(
    server: DatabaseServer,
    account?: { user: string; password: string },
  ): Promise<TestSession> {
    return new TestSession(await connectRaw(server, account));
  }

  rows(sql: string): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error, rows) => {
        if (error) reject(new Error(`${sql.slice(0, 300)}: ${error.message}`, { cause: error }));
        else resolve(rows as Row[]);
      });
    });
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.rows(statement);
  }

  async value(sql: string): Promise<string> {
    const [row] = await this.rows(sql);
    return String(Object.values(row ?? {})[0] ?? "");
  }

  [Symbol.dispose](): void {
    this.#connection.destroy();
  }
}
