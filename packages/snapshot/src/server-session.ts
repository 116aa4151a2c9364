import { createConnection, type Connection } from "mysql2";
import { anySignal, DeadlinePassed, isRecord, orAbort, systemClock, withDeadline } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { databaseSslOptions } from "@understudy/tls";
import type { ServerQuestions } from "@understudy/binlog";
import { describeEndpoint, type SnapshotEndpoint } from "./database-endpoint.ts";
import { classifyServerError } from "./server-error.ts";

/** One row by column name. */
export type ServerRow = Record<string, string | number | null>;

const CONNECT_TIMEOUT_MS = 10_000;
/** The longest statement is a `DROP DATABASE` of large tables. */
const STATEMENT_TIMEOUT_MS = 10 * 60_000;
/** How long a statement waits for a lock before it gives up. */
const LOCK_WAIT_SECONDS = 10;
/** The session idles while a copy is made, for as long as that takes. */
const IDLE_SECONDS_MAX = 31_536_000;

/**
 * A session of the node's own account on its database server: not logged in the binlog, with an empty SQL mode, so that
 * what the server writes about itself is quoted in one way. Lock waits end after 10 s, statements after 10 minutes.
 */
export class ServerSession implements ServerQuestions, Disposable {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;

  private constructor(connection: Connection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
  }

  /** Logs in. Throws `database-unavailable`, or `forbidden` where the account is refused. */
  static async open(endpoint: SnapshotEndpoint, signal: AbortSignal): Promise<ServerSession> {
    signal.throwIfAborted();
    const connection = createConnection({
      ...(endpoint.socketPath === undefined
        ? { host: endpoint.host ?? "localhost", port: endpoint.port ?? 3306 }
        : { socketPath: endpoint.socketPath }),
      ...databaseSslOptions(endpoint),
      user: endpoint.user,
      password: endpoint.password,
      connectTimeout: CONNECT_TIMEOUT_MS,
      charset: "utf8mb4_general_ci",
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      jsonStrings: true,
      flags: ["-LOCAL_FILES"],
    });
    // without a listener an idle connection that the server closes would end the process
    connection.on("error", () => undefined);
    const session = new ServerSession(connection, signal);
    try {
      await orAbort(connected(connection), signal);
      await session.run(
        `SET SESSION sql_log_bin=0, sql_mode='', lock_wait_timeout=${LOCK_WAIT_SECONDS}, wait_timeout=${IDLE_SECONDS_MAX}`,
      );
      return session;
    } catch (error) {
      session[Symbol.dispose]();
      signal.throwIfAborted();
      const { code, message, details } = classifyServerError(error);
      throw new UnderstudyError(code, `can't log in to ${describeEndpoint(endpoint)}: ${message}`, {
        cause: error,
        details,
      });
    }
  }

  /** Runs one statement and gives its rows. Throws the server's refusal with `details.errno`. */
  async rows(sql: string, signal?: AbortSignal): Promise<ServerRow[]> {
    const limits = { clock: systemClock, ms: STATEMENT_TIMEOUT_MS, signal: anySignal(this.#signal, signal) };
    try {
      return await withDeadline(limits, (bounded) => orAbort(this.#query(sql), bounded));
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
      throw new UnderstudyError("timeout", `${sql.slice(0, 60)}: ${error.message}`, { cause: error });
    }
  }

  /** Runs statements one after another. Throws as {@link rows} does. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.rows(statement);
  }

  /** The first column of the first row, as text; empty where there is none. */
  async value(sql: string): Promise<string> {
    const [row] = await this.rows(sql);
    return String(Object.values(row ?? {})[0] ?? "");
  }

  #query(sql: string): Promise<ServerRow[]> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error, rows: unknown) => {
        if (error) reject(classifyServerError(error));
        else resolve(Array.isArray(rows) ? rows.filter(isServerRow) : []);
      });
    });
  }

  [Symbol.dispose](): void {
    this.#connection.destroy();
  }
}

async function connected(connection: Connection): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
}

function isServerRow(row: unknown): row is ServerRow {
  return isRecord(row);
}
