import { execFile } from "node:child_process";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { withoutOptionFiles, type DatabaseProgram } from "./database-program.ts";
import { pathExists } from "./path-exists.ts";
import { runAsArguments } from "./server-arguments.ts";

const run = promisify(execFile);
const INITIALISE_TIMEOUT_MS = 120_000;

/** Resolves with whether `directory` is an initialised data directory. Throws `database-unavailable` where it is there, but isn't one. */
export async function isDataDirectory(directory: string): Promise<boolean> {
  if (await pathExists(join(directory, "mysql"))) return true;
  if (!(await pathExists(directory))) return false;
  throw new UnderstudyError(
    "database-unavailable",
    `the data folder ${directory} is broken: it exists, but holds no database server's system tables; remove it (or start with --fresh) to begin anew`,
  );
}

/**
 * Initialises a data directory that is not there. It is made beside its place and renamed into it, so
 * that an interrupted first start leaves nothing half-done behind. Throws `database-unavailable` with the server's words.
 */
export async function initialiseDataDirectory(program: DatabaseProgram, directory: string): Promise<void> {
  const draft = `${directory}.initialising`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(directory), { recursive: true });
  try {
    await (program.flavour === "mysql" ? initialiseMysql(program, draft) : initialiseMariadb(program, draft));
  } catch (error) {
    throw new UnderstudyError(
      "database-unavailable",
      `could not initialise ${directory}: ${lastWords(error)}`,
      { cause: error },
    );
  }
  await rename(draft, directory);
}

async function initialiseMysql(program: DatabaseProgram, directory: string): Promise<void> {
  const options = [
    ...withoutOptionFiles(program),
    "--initialize-insecure",
    `--datadir=${directory}`,
    "--innodb-redo-log-capacity=32M",
    ...runAsArguments(),
  ];
  await run(program.path, options, { timeout: INITIALISE_TIMEOUT_MS });
}

async function initialiseMariadb(program: DatabaseProgram, directory: string): Promise<void> {
  const installer = await installerOf(program);
  const options = [
    "--no-defaults",
    `--datadir=${directory}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    ...runAsArguments(),
  ];
  // not the folder of all: a server that starts deletes the temporary tables of others there
  const temporary = join(dirname(directory), "tmp");
  await mkdir(temporary, { recursive: true });
  await run(installer, options, {
    timeout: INITIALISE_TIMEOUT_MS,
    env: { ...process.env, TMPDIR: temporary },
  });
}

/** `mariadb-install-db` beside the server, in the neighbouring bin folder, or on PATH. */
async function installerOf(program: DatabaseProgram): Promise<string> {
  const folder = dirname(program.path);
  for (const candidate of [
    join(folder, "mariadb-install-db"),
    join(folder, "..", "bin", "mariadb-install-db"),
  ]) {
    if (await pathExists(candidate)) return candidate;
  }
  return "mariadb-install-db";
}

function lastWords(error: unknown): string {
  const stderr =
    error instanceof Error && "stderr" in error && typeof error.stderr === "string" ? error.stderr : "";
  return stderr.trim().split("\n").slice(-3).join(" ") || messageOf(error);
}
