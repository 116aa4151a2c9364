import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { randomToken } from "@understudy/kernel";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import { ensureDataDirectories } from "./data-directories.ts";
import type { DatabaseProgram } from "./database-program.ts";
import { isPortFree } from "./free-port.ts";
import { endLeftover } from "./leftover-process.ts";
import { LocalProcess, type ProcessLaunch } from "./local-process.ts";
import { reservePort, type PortReservation } from "./port-reservation.ts";
import { serverArguments } from "./server-arguments.ts";
import { socketPathFor } from "./socket-path.ts";
import { waitUntilAnswering } from "./wait-until-answering.ts";

/** How a private server is set up. */
export interface DatabaseServerOptions {
  readonly program: DatabaseProgram;
  /** Its own folder: data, log, password. Made where it is missing. */
  readonly directory: string;
  readonly serverId: number;
  /** TCP port on 127.0.0.1; one that is reserved until disposal where it is left out. */
  readonly port?: number;
  /** Default `full`. */
  readonly durability?: "full" | "relaxed";
  /** Start with `read_only=ON`, as nodes want it: only a master opens its server. Default false. */
  readonly readOnly?: boolean;
  readonly extraArguments?: readonly string[];
  /** More variables of its process' environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * A folder for initialised data directories, of which new ones are copies; for tests. Default: each new one is initialised, so that it
   * has a TLS key of its own.
   */
  readonly templates?: string;
  /** Bound of one start, crash recovery included. Default 60 s. */
  readonly startTimeoutMs?: number;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

/**
 * A private database server on this machine, with a folder of its own and a random root password kept in that folder
 * (mode 600). It listens on a Unix socket and on 127.0.0.1. Opened by {@link openDatabaseServer}; may be killed and started again.
 */
export class DatabaseServer extends LocalProcess {
  readonly host = "127.0.0.1";
  readonly user = "root";
  readonly #options: DatabaseServerOptions;
  readonly #directory: string;
  readonly #port: number;
  readonly #password: string;
  readonly #reservation: PortReservation | null;

  /** Use {@link openDatabaseServer}. */
  constructor(
    options: DatabaseServerOptions,
    identity: {
      readonly port: number;
      readonly password: string;
      /** Given free at the end. */
      readonly reservation: PortReservation | null;
    },
  ) {
    super({ stopTimeoutMs: STOP_TIMEOUT_MS });
    this.#options = options;
    this.#directory = resolve(options.directory);
    this.#port = identity.port;
    this.#password = identity.password;
    this.#reservation = identity.reservation;
  }

  get flavour(): Flavour {
    return this.#options.program.flavour;
  }

  get version(): string {
    return this.#options.program.version;
  }

  get port(): number {
    return this.#port;
  }

  get password(): string {
    return this.#password;
  }

  get socketPath(): string {
    return socketPathFor(this.#directory);
  }

  /** `mysql://root:…@127.0.0.1:port`. A secret: it holds the password. */
  get url(): string {
    return `mysql://${this.user}:${encodeURIComponent(this.#password)}@${this.host}:${this.#port}`;
  }

  get errorLog(): string {
    return join(this.#directory, "server.log");
  }

  get dataDirectory(): string {
    return join(this.#directory, "data");
  }

  /** Throws `database-unavailable` where what an earlier run left behind does not end. */
  protected async prepare(): Promise<ProcessLaunch> {
    await mkdir(join(this.#directory, "tmp"), { recursive: true });
    const initFile = join(this.#directory, "init.sql");
    await writeFile(initFile, initStatements(this.#password), { mode: 0o600 });
    await endLeftover(join(this.#directory, "server.pid"), `--datadir=${this.dataDirectory}`);
    return {
      program: this.#options.program.path,
      arguments: this.#arguments(initFile),
      environment: { ...process.env, ...this.#options.environment },
    };
  }

  /** It answers; throws `database-unavailable`. */
  protected async untilUp(isGone: () => boolean): Promise<void> {
    await waitUntilAnswering(this, { isGone, timeoutMs: this.#options.startTimeoutMs ?? START_TIMEOUT_MS });
  }

  /** Shuts it down in order and gives its port free. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await rm(this.socketPath, { force: true });
    await this.#reservation?.[Symbol.asyncDispose]();
  }

  #arguments(initFile: string): readonly string[] {
    return serverArguments({
      program: this.#options.program,
      dataDirectory: this.dataDirectory,
      tmpDirectory: join(this.#directory, "tmp"),
      socketPath: this.socketPath,
      pidFile: join(this.#directory, "server.pid"),
      errorLog: this.errorLog,
      initFile,
      port: this.#port,
      serverId: this.#options.serverId,
      durability: this.#options.durability ?? "full",
      readOnly: this.#options.readOnly ?? false,
      extraArguments: this.#options.extraArguments ?? [],
    });
  }
}

/** Initialises the folder where it is new, starts the server and resolves when it answers. */
export async function openDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  await ensureDataDirectories(options.program, [join(directory, "data")], options);
  const password = await keepPassword(join(directory, "password"));
  await endLeftover(join(directory, "server.pid"), `--datadir=${join(directory, "data")}`);
  await using stack = new AsyncDisposableStack();
  const reservation = options.port === undefined ? stack.use(await reservePort()) : null;
  const port = options.port ?? reservation?.port ?? 0;
  if (!(await isPortFree(port))) {
    throw new UnderstudyError(
      "database-unavailable",
      `port ${port} of 127.0.0.1, meant for a database server, is in use`,
    );
  }
  const server = new DatabaseServer(options, { port, password, reservation });
  await server.start();
  stack.move();
  return server;
}

async function keepPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    const password = randomToken(18);
    await writeFile(path, `${password}\n`, { mode: 0o600 });
    await chmod(path, 0o600);
    return password;
  }
}

/** Run by the server at each start; one statement a line, as init files must be. Not logged, so that no node has it as its history. */
function initStatements(password: string): string {
  return ["SET SESSION sql_log_bin=0;", `ALTER USER root@localhost IDENTIFIED BY '${password}';`, ""].join(
    "\n",
  );
}
