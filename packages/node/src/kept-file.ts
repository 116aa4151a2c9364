import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a small file of the node's data folder in the place of the one before, whole or not at all. Resolves when it is on the disk. One
 * call at a time for each file. With `mode` as its permissions from the first moment on.
 */
export async function keepFile(path: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(text);
    await file.chmod(mode);
    await file.sync();
  }
  await rename(`${path}.new`, path);
  await syncFolderOf(path);
}

/** What such a file holds; null where there is none. Throws where it can't be read. */
export async function readKeptFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Resolves when it is forgotten for good, also where there was none. */
export async function forgetFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolderOf(path);
}

async function syncFolderOf(path: string): Promise<void> {
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}
