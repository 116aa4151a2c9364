import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomToken } from "@understudy/kernel";
import { isProcessAlive } from "@understudy/database-server";
import { UnderstudyError } from "@understudy/protocol";
import { LOCK_FILE } from "./sandbox-folder.ts";

/** Tries at a lock whose dead holder others take over at the same moment. */
const TRIES_MAX = 5;

/** Held while a sandbox uses a folder. */
export class SandboxLock implements AsyncDisposable {
  readonly #path: string;
  readonly #content: string;

  /** Use {@link openSandboxLock}. */
  constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
  }

  /** Gives the folder free; somebody else's lock is left alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if ((await readText(this.#path)) === this.#content) await rm(this.#path, { force: true });
  }
}

/**
 * Takes a folder for this process. The lock of a process that is gone is taken over. Throws `config-invalid` where another
 * sandbox runs there.
 */
export async function openSandboxLock(directory: string): Promise<SandboxLock> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, LOCK_FILE);
  const content = `${process.pid} ${(await startTimeOf(process.pid)) ?? "?"} ${randomToken(9)}\n`;
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    if (await createWhole(path, content)) return new SandboxLock(path, content);
    const found = await readText(path);
    if (found === null) continue;
    const holder = await livingHolder(found);
    if (holder !== null) {
      throw new UnderstudyError(
        "config-invalid",
        `a sandbox is running in ${directory} already (process ${holder}); stop it first, or name another folder with --dir`,
      );
    }
    await removeStale(path, found);
  }
  throw new UnderstudyError("config-invalid", `the lock ${path} can't be taken: others take it as well`);
}

/** The file appears with its content or not at all; false where there is one already. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomToken(6)}`;
  await writeFile(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes the lock if it is still the one that was found stale; puts back another's that came between. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomToken(6)}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readText(aside)) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function livingHolder(content: string): Promise<number | null> {
  const [pidText = "", startTime = "?"] = content.trim().split(" ");
  const pid = Number.parseInt(pidText, 10);
  if (!Number.isSafeInteger(pid) || pid < 1 || !(await isProcessAlive(pid))) return null;
  const now = await startTimeOf(pid);
  // the same id with another start is a stranger that got the number later
  return startTime === "?" || now === null || now === startTime ? pid : null;
}

/** When a process began, in the kernel's ticks since boot; null where there is no /proc to ask. */
async function startTimeOf(pid: number): Promise<string | null> {
  const stat = await readText(`/proc/${pid}/stat`);
  // the name in parentheses may hold spaces; field 22 is the 20th behind it
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
}
