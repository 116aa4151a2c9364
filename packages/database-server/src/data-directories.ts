import { constants } from "node:fs";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { initialiseDataDirectory, isDataDirectory } from "./data-directory.ts";
import { copyOfTemplate, UUID_FILE } from "./data-template.ts";
import type { DatabaseProgram } from "./database-program.ts";

/**
 * Makes sure that all of these data directories (the `data` inside a server's folder) are initialised. Several new ones cost
 * little more than one: the first is initialised, the others are copies of it; with `templates`, see {@link DatabaseServerOptions},
 * all are copies of what is kept there. No server may run on them. Resolves with false where all were there already. Throws
 * `database-unavailable` as the initialisation of a single one does, and where one is broken.
 */
export async function ensureDataDirectories(
  program: DatabaseProgram,
  directories: readonly string[],
  { templates }: { readonly templates?: string | undefined } = {},
): Promise<boolean> {
  const isThere = await Promise.all(directories.map(isDataDirectory));
  const [first, ...others] = directories.filter((_, index) => !isThere[index]);
  if (first === undefined) return false;
  if (templates === undefined) await initialiseDataDirectory(program, first);
  else await copyOfTemplate(program, first, templates);
  const copy = (directory: string): Promise<void> =>
    templates === undefined ? copyOf(first, directory) : copyOfTemplate(program, directory, templates);
  await Promise.all(others.map(copy));
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
