import { anySignal, orAbort, toError, type Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { BinlogConnection } from "./binlog-connection.ts";
import { classifyServerError } from "./dump-error.ts";
import { errnoOf } from "./server-error.ts";
import type { ServerQuestions } from "./server-questions.ts";

/** What the reader needs of the socket below a connection. */
interface Socket {
  readonly bytesRead: number;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

/** Bounds of one connection's life. */
export interface DumpConnectionOptions {
  readonly connect: (signal: AbortSignal) => Promise<BinlogConnection>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Time for one statement. */
  readonly statementTimeoutMs: number;
}

/** A connection that belongs to the reader: with its socket at hand, and closed at once on disposal. */
export class DumpConnection implements Disposable, ServerQuestions {
  readonly connection: BinlogConnection;
  readonly socket: Socket;
  readonly #options: DumpConnectionOptions;

  private constructor(connection: BinlogConnection, socket: Socket, options: DumpConnectionOptions) {
    this.connection = connection;
    this.socket = socket;
    this.#options = options;
    // without a listener, a connection that breaks while no command runs would end the process
    connection.on("error", () => undefined);
  }

  /** Connects. A connection that comes after the signal's abort is closed. */
  static async open(options: DumpConnectionOptions): Promise<DumpConnection> {
    options.signal.throwIfAborted();
    const connecting = options.connect(options.signal);
    let connection: BinlogConnection;
    try {
      connection = await orAbort(connecting, options.signal);
    } catch (error) {
      connecting.then(
        (late) => late.destroy(),
        () => undefined,
      );
      throw error;
    }
    const socket = "stream" in connection ? connection.stream : undefined;
    if (!isSocket(socket)) {
      connection.destroy();
      throw new UnderstudyError("internal", "this mysql2 keeps its socket elsewhere");
    }
    return new DumpConnection(connection, socket, options);
  }

  /** Runs one statement. Throws `database-unavailable` or `forbidden`; the signal's reason when it aborts. */
  async rows(sql: string): Promise<Record<string, string | number | null>[]> {
    const { clock, signal, statementTimeoutMs } = this.#options;
    signal.throwIfAborted();
    const done = new AbortController();
    const answered = new Promise<unknown>((resolve, reject) => {
      this.connection.query(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
    const late = clock.sleep(statementTimeoutMs, anySignal(done.signal, signal)).then(() => {
      throw new Error(`no answer within ${statementTimeoutMs} ms`);
    });
    try {
      const rows = await orAbort(Promise.race([answered, late]), signal);
      return isRows(rows) ? rows : [];
    } catch (error) {
      signal.throwIfAborted();
      const cause = toError(error);
      throw classifyServerError(
        "a statement of the binlog reader failed",
        { errno: errnoOf(cause) ?? 0, message: cause.message },
        cause,
      );
    } finally {
      done.abort();
    }
  }

  /** Closes the socket for both directions: mysql2 alone would leave it half open while it is paused. */
  [Symbol.dispose](): void {
    this.connection.destroy();
    this.socket.destroy();
  }
}

/** What a statement without rows answers is no array. */
function isRows(value: unknown): value is Record<string, string | number | null>[] {
  return Array.isArray(value);
}

function isSocket(value: unknown): value is Socket {
  return (
    typeof value === "object" &&
    value !== null &&
    "bytesRead" in value &&
    typeof value.bytesRead === "number" &&
    ["pause", "resume", "destroy"].every((name) => name in value)
  );
}
