import { createConnection, type Connection } from "mysql2";
import type { ApplierConnection } from "@understudy/applier";
import type { BinlogConnection } from "@understudy/binlog";
import type { DatabaseServer } from "@understudy/database-server";

/** mysql2's connection with its undocumented door for commands. */
type RawConnection = Connection & {
  addCommand: ApplierConnection["addCommand"] & BinlogConnection["addCommand"];
};

/** A logged-in callback-style connection. */
export function connectRaw(server: DatabaseServer): Promise<RawConnection> {
  const connection = createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  connection.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    connection.connect((error) => {
      if (error) reject(error);
      else resolve(connection as RawConnection);
    });
  });
}

/** A session that runs one statement after another. */
export class TestSession implements Disposable {
  readonly #connection: RawConnection;

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  static async open(server: DatabaseServer): Promise<TestSession> {
    return new TestSession(await connectRaw(server));
  }

  rows<T = Record<string, string | number | null>>(sql: string): Promise<T[]> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error, rows) => {
        if (error) reject(new Error(`${sql.slice(0, 200)}: ${error.message}`, { cause: error }));
        else resolve(rows as T[]);
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
