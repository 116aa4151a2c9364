import { createConnection, type Connection } from "mysql2";
import type { DatabaseServer } from "@understudy/database-server";
import { UnderstudyError } from "@understudy/protocol";
import type { BinlogConnection, ServerQuestions } from "../src/index.ts";

interface Account {
  readonly user: string;
  readonly password: string;
}

function create(server: DatabaseServer, account: Account): Connection {
  const connection = createConnection({
    socketPath: server.socketPath,
    user: account.user,
    password: account.password,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  connection.on("error", () => undefined);
  return connection;
}

/** What callers of the reader give as `connect`. */
export function connectTo(
  server: DatabaseServer,
  account: Account = server,
): (signal: AbortSignal) => Promise<BinlogConnection> {
  return (signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const connection = create(server, account);
      connection.connect((error) => {
        if (error) reject(new UnderstudyError("database-unavailable", error.message, { cause: error }));
        else if ("addCommand" in connection && typeof connection.addCommand === "function") {
          resolve(connection as Connection & { addCommand: BinlogConnection["addCommand"] });
        }
      });
    });
}

/** A session to write with and to ask. */
export class TestSession implements ServerQuestions, Disposable {
  readonly #connection: Connection;

  constructor(server: DatabaseServer) {
    this.#connection = create(server, server);
  }

  rows(sql: string): Promise<Record<string, string | number | null>[]> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error, rows) => {
        if (error) reject(new Error(`${sql.slice(0, 100)}: ${error.message}`, { cause: error }));
        else resolve(rows as Record<string, string | number | null>[]);
      });
    });
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.rows(statement);
  }

  [Symbol.dispose](): void {
    this.#connection.destroy();
  }
}
