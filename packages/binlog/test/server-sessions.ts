import { createConnection, type Connection } from "mysql2";
import type { DatabaseServer } from "@understudy/database-server";
import { UnderstudyError } from "@understudy/protocol";
import type { BinlogConnection, ServerQuestions } from "../src/index.ts";

function create(server: DatabaseServer): Connection {
  const connection = createConnection({
    socketPath: server.socketPath,
    user: server.user,
    password: server.password,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  connection.on("error", () => undefined);
  return connection;
}

/** What callers of the reader give as `connect`. */
export function connectTo(server: DatabaseServer): (signal: AbortSignal) => Promise<BinlogConnection> {
  return (signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const connection = create(server);
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
    this.#connection = create(server);
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
