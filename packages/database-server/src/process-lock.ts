import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { randomToken } from "@understudy/kernel";
import { isProcessAlive, startTimeOf } from "./process-identity.ts";

/** Tries at a lock whose dead holder others take over at the same moment. */
const TRIES_MAX = 5;

/** How a try at a lock went. `by` is the process that holds it; null where others kept on coming first. */
export type LockAttempt =
  | { readonly kind: "taken"; readonly lock: ProcessLock }
  | { readonly kind: "held"; readonly by: number | null };

/** A file that says that something belongs to this process. Disposal gives it free; somebody else's is left alone. */
export class ProcessLock implements AsyncDisposable {
  readonly #path: string;
  readonly #content: string;

  /** Use {@link tryProcessLock}. */
  constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if ((await readText(this.#path)) === this.#content) await rm(this.#path, { force: true });
  }
}

/**
 * Takes a lock for this process, at most once: also a second try of the same process finds it held. The lock of a process that is gone,
 * by its id and start time, is taken over. The file's folder must be there.
 */
export async function tryProcessLock(path: string): Promise<LockAttempt> {
  const content = `${process.pid} ${(await startTimeOf(process.pid)) ?? "?"} ${randomToken(9)}\n`;
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    if (await createWhole(path, content)) return { kind: "taken", lock: new ProcessLock(path, content) };
    const found = await readText(path);
    if (found === null) continue;
    const by = await livingHolder(found);
    if (by !== null) return { kind: "held", by };
    await removeStale(path, found);
  }
  return { kind: "held", by: null };
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

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
}
