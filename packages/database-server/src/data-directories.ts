import { constants } from "node:fs";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ensureDataDirectory } from "./data-directory.ts";
import type { DatabaseProgram } from "./database-program.ts";
import { pathExists } from "./path-exists.ts";

/** Holds MySQL's server UUID, which no two servers may share; the server makes a new one where it is missing. */
const UUID_FILE = "auto.cnf";

/**
 * Makes sure that all of these data directories (the `data` inside a server's folder) are initialised. Several new ones cost
 * little more than one: the first is initialised, the others are copies of it. No server may run on them. Resolves with
 * false where all were there already. Throws
 * `database-unavailable` as the initialisation of a single one does.
 */
export async function ensureDataDirectories(
  program: DatabaseProgram,
  directories: readonly string[],
): Promise<boolean> {
  const isThere = await Promise.all(directories.map(pathExists));
  const [first, ...others] = directories.filter((_, index) => !isThere[index]);
  if (first === undefined) return false;
  await ensureDataDirectory(program, first);
  await Promise.all(others.map((directory) => copyOf(first, directory)));
  return true;
}

/** Copied beside its place and renamed into it, so that an interrupted copy leaves nothing half-done behind. */
async function copyOf(source: string, directory: string): Promise<void> {
  const draft = `${directory}.initialising`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(directory), { recursive: true });
  await cp(source, draft, { recursive: true, mode: constants.COPYFILE_FICLONE });
  await rm(join(draft, UUID_FILE), { force: true });
  await rename(draft, directory);
}
