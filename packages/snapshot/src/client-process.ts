import { spawn, type ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { messageOf, systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { SnapshotEndpoint } from "./database-endpoint.ts";
import { writeOptionFile, type OptionFile } from "./option-file.ts";

/** Which program to start, and against which server. */
export interface ClientProcessOptions {
  readonly program: string;
  readonly endpoint: SnapshotEndpoint;
  readonly loginFolder?: string | undefined;
  /** `schema.table`, for a dump. */
  readonly ignoredTables?: readonly string[];
  /** What follows the option file on the command line. */
  readonly programArguments: readonly string[];
}

const STDERR_BYTES_MAX = 4096;
const TERMINATE_MS = 3000;

/**
 * A dump or client program under way. Disposal ends it, by its own process, waits for its end and removes its option file.
 * Opened by {@link startClientProcess}.
 */
export class ClientProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #optionFile: OptionFile;
  readonly #name: string;
  readonly #exited: Promise<string | null>;
  #lastWords = "";

  /** Use {@link startClientProcess}. */
  constructor(options: ClientProcessOptions, optionFile: OptionFile) {
    this.#optionFile = optionFile;
    this.#name = options.program;
    this.#child = spawn(
      options.program,
      [`--defaults-file=${optionFile.path}`, ...options.programArguments],
      {
        stdio: ["pipe", "pipe", "pipe"],
        // its own group, so that Ctrl-C in a terminal reaches us alone and we end it in order
        detached: true,
        env: environment(optionFile.folder),
      },
    );
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = `${this.#lastWords}${text}`.slice(-STDERR_BYTES_MAX);
    });
    // a program that ends early breaks these pipes; its exit tells why
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      stream.on("error", () => undefined);
    }
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(messageOf(error)));
      this.#child.once("close", (code, signal) =>
        resolve(code === 0 ? null : signal === null ? `exit code ${code}` : `ended by ${signal}`),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get input(): Writable {
    return this.#child.stdin;
  }

  get output(): Readable {
    return this.#child.stdout;
  }

  /** Resolves when it has ended with success; throws `snapshot-failed` with its last words where it failed. */
  async succeeded(): Promise<void> {
    const problem = await this.#exited;
    if (problem !== null) throw this.failure(problem);
  }

  /** The error that its failure is told with. */
  failure(problem: string): UnderstudyError {
    const lastWords = this.#lastWords.trim();
    return new UnderstudyError(
      "snapshot-failed",
      `${this.#name}: ${problem}${lastWords && `: ${lastWords}`}`,
      {
        details: { program: this.#name, lastWords },
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const waited = new AbortController();
    this.#child.kill("SIGTERM");
    // what it has written and nobody will read must not keep it from ending
    this.#child.stdout.resume();
    await Promise.race([this.#exited, systemClock.sleep(TERMINATE_MS, waited.signal).catch(() => undefined)]);
    waited.abort();
    this.#child.kill("SIGKILL");
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    await this.#exited;
    await this.#optionFile[Symbol.asyncDispose]();
  }
}

/** Starts a program with a login of its own. It runs on until it ends or is disposed of. */
export async function startClientProcess(options: ClientProcessOptions): Promise<ClientProcess> {
  return new ClientProcess(options, await writeOptionFile(options));
}

/** Without what would change how the program logs in, and with files that are not there for those it looks for by itself. */
function environment(folder: string): NodeJS.ProcessEnv {
  const {
    MYSQL_PWD: _,
    MYSQL_HOST: _host,
    MYSQL_TCP_PORT: _port,
    MYSQL_UNIX_PORT: _socket,
    ...rest
  } = process.env;
  return {
    ...rest,
    MYSQL_TEST_LOGIN_FILE: join(folder, "no-login-paths"),
    MYSQL_HISTFILE: "/dev/null",
    MARIADB_HISTFILE: "/dev/null",
  };
}
