import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { randomToken } from "@understudy/kernel";
import { initialiseDataDirectory } from "./data-directory.ts";
import type { DatabaseProgram } from "./database-program.ts";
import { pathExists } from "./path-exists.ts";

const run = promisify(execFile);
const COPY_TIMEOUT_MS = 60_000;

/** Holds MySQL's server UUID, which no two servers may share; the server makes a new one where it is missing. */
export const UUID_FILE = "auto.cnf";

/**
 * Makes `directory` a copy of the data directory that a program's first start in `templates` has made, and that is kept there for all
 * others: initialising one takes a second of the processor and waits for the disk some hundred times. For tests alone: servers from one
 * template share the key of their TLS certificate. Throws `database-unavailable` as an initialisation does.
 */
export async function copyOfTemplate(
  program: DatabaseProgram,
  directory: string,
  templates: string,
): Promise<void> {
  const template = await templateOf(program, templates);
  const draft = `${directory}.initialising`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(directory), { recursive: true });
  await copySparsely(template, draft);
  await rename(draft, directory);
}

/** Made beside its place and renamed into it, since others may want the same one at this moment. */
async function templateOf(program: DatabaseProgram, templates: string): Promise<string> {
  const template = join(templates, await nameOf(program));
  if (await pathExists(template)) return template;
  const draft = `${template}.${randomToken(6)}`;
  try {
    const data = join(draft, "data");
    await initialiseDataDirectory(program, data);
    await rm(join(data, UUID_FILE), { force: true });
    await rename(data, template).catch(async (error: unknown) => {
      // another one was first, which is as good
      if (!(await pathExists(template))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return template;
}

/** Another one for each program that may initialise in another way. */
async function nameOf({ flavour, version, path }: DatabaseProgram): Promise<string> {
  const { mtimeMs, size } = await stat(path);
  const identity = createHash("sha256").update(`${path} ${mtimeMs} ${size}`).digest("hex");
  return `${flavour}-${version}-${identity.slice(0, 12)}`;
}

/** Most of a new data directory are zeros, which need not be written: MariaDB's is 7 MB instead of 114. */
async function copySparsely(source: string, target: string): Promise<void> {
  try {
    await run("cp", ["-r", "--sparse=always", source, target], { timeout: COPY_TIMEOUT_MS });
  } catch {
    // not every system's `cp` can do that
    await rm(target, { recursive: true, force: true });
    await cp(source, target, { recursive: true });
  }
}
