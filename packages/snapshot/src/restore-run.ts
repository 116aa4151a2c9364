import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { orAbort } from "@understudy/kernel";
import { isUnderstudyError, type Flavour } from "@understudy/protocol";
import { startClientProcess, type ClientProcess } from "./client-process.ts";
import type { SnapshotEndpoint } from "./database-endpoint.ts";
import { DumpScanner } from "./dump-scanner.ts";
import type { ProgressReporter } from "./snapshot-progress.ts";

/** How a dump's text gets into a server. */
export interface RestoreRunOptions {
  readonly flavour: Flavour;
  readonly program: string;
  readonly endpoint: SnapshotEndpoint;
  readonly loginFolder?: string | undefined;
  /** The compressed text, whole or with an error at its end. */
  readonly data: AsyncIterable<Buffer>;
  readonly progress: ProgressReporter;
  /** Ends the reading of `data`: called where the program fails while nothing comes. */
  readonly abandon: (reason: unknown) => void;
  readonly signal: AbortSignal;
}

/** Rows and definitions were accepted by the source, so they are taken here under whatever settings this server has. */
const SESSION_SETTINGS: Readonly<Record<Flavour, string>> = {
  mysql:
    "SET SESSION sql_log_bin=0, foreign_key_checks=0, unique_checks=0, innodb_strict_mode=0, wait_timeout=31536000 " +
    "/*!80013 , sql_require_primary_key=0 */ /*!80030 , sql_generate_invisible_primary_key=0 */",
  mariadb:
    "SET SESSION sql_log_bin=0, foreign_key_checks=0, unique_checks=0, check_constraint_checks=0, innodb_strict_mode=0, " +
    "wait_timeout=31536000, max_statement_time=0",
};

/**
 * Feeds a dump to the client program, outside the binlog, and resolves with the text's size when the program has run all of it. Throws
 * what `data` throws, or `snapshot-failed` with the program's last words. The program has ended in either case.
 */
export async function runRestore(options: RestoreRunOptions): Promise<number> {
  const { signal, progress, data } = options;
  await using client = await startClientProcess({
    program: options.program,
    endpoint: options.endpoint,
    loginFolder: options.loginFolder,
    programArguments: clientArguments(options.flavour),
  });
  client.output.resume();
  client.succeeded().catch(options.abandon);
  const scanner = new DumpScanner();
  try {
    await pipeline(
      data,
      createZstdDecompress(),
      async function* (text: AsyncIterable<Buffer>) {
        for await (const chunk of text) {
          scanner.push(chunk);
          progress.scanned(scanner.bytes, scanner.tables);
          yield chunk;
        }
      },
      client.input,
      { signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw await firstFailure(client, error);
  }
  await orAbort(client.succeeded(), signal);
  return scanner.bytes;
}

/** A program that gives up breaks the pipe: then its own words are the reason, not the pipe's. */
async function firstFailure(client: ClientProcess, error: unknown): Promise<unknown> {
  const isPipe = error instanceof Error && "code" in error && PIPE_ERRORS.has(String(error.code));
  if (isUnderstudyError(error) || !isPipe) return error;
  try {
    await client.succeeded();
  } catch (reason) {
    return reason;
  }
  return client.failure("it ended before it had read everything");
}

const PIPE_ERRORS: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"]);

function clientArguments(flavour: Flavour): readonly string[] {
  return [
    "--default-character-set=utf8mb4",
    "--batch",
    // neither line ends nor NULs are changed, and no command of the client's own is obeyed but DELIMITER
    "--binary-mode",
    // comments are part of routines
    "--comments",
    "--skip-reconnect",
    "--no-auto-rehash",
    "--local-infile=0",
    "--max-allowed-packet=1G",
    `--init-command=${SESSION_SETTINGS[flavour]}`,
  ];
}
