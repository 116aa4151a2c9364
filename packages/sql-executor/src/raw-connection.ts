import { createConnection, type Connection, type ConnectionOptions } from "mysql2";
import { UnderstudyError } from "@understudy/protocol";
import { databaseSslOptions } from "@understudy/tls";
import { classifyDriverError } from "./driver-error.ts";
import { describeEndpoint, type DatabaseEndpoint } from "./database-endpoint.ts";

/** An incoming packet as mysql2 hands it to a command. The instance is reused: read it during the call only. */
export interface RawPacket {
  readonly buffer: Buffer;
  /** Start of the payload that is still to be read. */
  offset: number;
  /** End of the payload within `buffer`. */
  readonly end: number;
}

/**
 * A command of our own on a mysql2 connection. `execute` is called once without a packet, to send, then once for each
 * packet that arrives, until it returns true. When the connection breaks, `onResult` gets the error instead.
 * A packet may be larger than 16 MiB: mysql2 has joined its parts.
 */
export interface RawCommand {
  execute(packet: RawPacket | undefined, connection: RawConnection): boolean;
  onResult?(error: Error | null): void;
}

/** mysql2's callback-style connection with its undocumented door for commands of our own (mysql2 is pinned for it). */
export interface RawConnection extends Connection {
  addCommand(command: RawCommand): RawCommand;
}

/** How {@link connectRaw} connects. */
export interface ConnectRawOptions {
  /** Time for connecting and logging in. */
  readonly timeoutMs: number;
  /** Allow several statements in one packet. Never for client SQL. */
  readonly multipleStatements?: boolean;
  readonly database?: string;
  /** Ends the attempt; it does not touch the connection afterwards. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a logged-in mysql2 connection (callback style, `utf8mb4`). The caller ends it with `destroy()`.
 * Errors that happen later, while no command runs, are swallowed here: the next command reports them.
 * Throws `database-unavailable`, or `forbidden` where the account is refused.
 */
export async function connectRaw(
  endpoint: DatabaseEndpoint,
  options: ConnectRawOptions,
): Promise<RawConnection> {
  options.signal?.throwIfAborted();
  const connection = createConnection(connectionOptions(endpoint, options));
  // Without a listener an idle connection that the server closes would end the process.
  connection.on("error", () => undefined);
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  connection.connect((error) => (error ? reject(error) : resolve()));
  try {
    await connected;
  } catch (error) {
    connection.destroy();
    options.signal?.throwIfAborted();
    const classified = classifyDriverError(error);
    throw new UnderstudyError(
      classified.code,
      `cannot connect to the database server as ${describeEndpoint(endpoint)}: ${classified.message}`,
      { cause: error, details: classified.details },
    );
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
  if (!hasAddCommand(connection)) throw new UnderstudyError("internal", "this mysql2 has no addCommand");
  return connection;
}

function connectionOptions(endpoint: DatabaseEndpoint, options: ConnectRawOptions): ConnectionOptions {
  const where =
    endpoint.socketPath === undefined
      ? { host: endpoint.host ?? "localhost", port: endpoint.port ?? 3306 }
      : { socketPath: endpoint.socketPath };
  return {
    ...where,
    ...databaseSslOptions(endpoint),
    user: endpoint.user,
    password: endpoint.password,
    connectTimeout: options.timeoutMs,
    multipleStatements: options.multipleStatements ?? false,
    charset: "utf8mb4_general_ci",
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    // The server may never ask this process for a file, and affected rows are those that changed.
    flags: ["-LOCAL_FILES", "-FOUND_ROWS"],
    ...(options.database === undefined ? {} : { database: options.database }),
  };
}

function hasAddCommand(connection: Connection): connection is RawConnection {
  return "addCommand" in connection && typeof connection.addCommand === "function";
}
