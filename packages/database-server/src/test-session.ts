import { createConnection, type Connection } from "mysql2";
import { UnderstudyError } from "@understudy/protocol";
import type { DatabaseServer } from "./database-server.ts";

/** Who logs in. */
export interface TestAccount {
  readonly user: string;
  readonly password: string;
}

/** A row by column name. */
export type TestRow = Record<string, string | number | null>;

/** A command that a test's connection runs: `execute` once to send, then for each packet until it returns true. */
interface TestCommand {
  execute(
    packet: { readonly buffer: Buffer; offset: number; readonly end: number } | undefined,
    connection: TestConnection,
  ): boolean;
  onResult?(error: Error | null): void;
}

/** mysql2's connection with its undocumented door for commands, as `connect` of what reads binlogs and applies them. */
export interface TestConnection extends Connection {
  addCommand(command: TestCommand): unknown;
}

/** A logged-in callback-style connection, as root unless told otherwise. Throws `database-unavailable`. The caller destroys it. */
export async function connectRaw(
  server: DatabaseServer,
  { user, password }: TestAccount = server,
): Promise<TestConnection> {
  const connection = createConnection({
    socketPath: server.socketPath,
    user,
    password,
    charset: "utf8mb4_general_ci",
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
  });
  // without a listener a server that goes away would end the test's process
  connection.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => {
      if (error) reject(new UnderstudyError("database-unavailable", error.message, { cause: error }));
      else resolve();
    });
  });
  if (!hasAddCommand(connection)) throw new UnderstudyError("internal", "this mysql2 has no addCommand");
  return connection;
}

function hasAddCommand(connection: Connection): connection is TestConnection {
  return "addCommand" in connection && typeof connection.addCommand === "function";
}

/** A session past everything that is tested, to write with and to ask; it runs one statement after another. */
export class TestSession implements Disposable {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** As root unless told otherwise. Throws `database-unavailable`. */
  static async open(server: DatabaseServer, account?: TestAccount): Promise<TestSession> {
    return new TestSession(await connectRaw(server, account));
  }

  /** The server's id of this session. */
  get threadId(): number {
    return this.#connection.threadId;
  }

  /** The rows of a statement's answer. Throws with the statement's text and the server's words. */
  rows<T = TestRow>(sql: string): Promise<T[]> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error, rows) => {
        if (error) reject(new Error(`${sql.slice(0, 300)}: ${error.message}`, { cause: error }));
        else resolve(rows as T[]);
      });
    });
  }

  /** Runs them in their order, and looks at no answer. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.rows(statement);
  }

  /** The first column of the first row as text; empty where there is none. */
  async value(sql: string): Promise<string> {
    const [row] = await this.rows(sql);
    return String(Object.values(row ?? {})[0] ?? "");
  }

  [Symbol.dispose](): void {
    this.#connection.destroy();
  }
}
