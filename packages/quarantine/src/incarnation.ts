import { randomUUID } from "node:crypto";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder, writeDurably } from "./durable-file.ts";
import { QuarantineFolders } from "./quarantine-folders.ts";

const FILE = "incarnation";

/**
 * The name of what the node's database server holds since its contents were last replaced as a whole; given at the first call, and the same
 * until {@link noteDataReplaced}. On the disk when it resolves.
 */
export async function incarnationOf(folders: QuarantineFolders): Promise<string> {
  const path = join(folders.open, FILE);
  try {
    const name = (await readFile(path, "utf8")).trim();
    if (name !== "") return name;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const name = randomUUID();
  await rm(`${path}.new`, { force: true });
  await writeDurably(`${path}.new`, `${name}\n`);
  await rename(`${path}.new`, path);
  await syncFolder(folders.open);
  return name;
}

/**
 * To be called whenever all contents of the node's server were replaced, before they count as whole: from then on no whole copy that was kept
 * before is taken for one of what the server has. Resolves when that is on the disk.
 */
export async function noteDataReplaced(dataDir: string): Promise<void> {
  const { open } = new QuarantineFolders(dataDir);
  await rm(join(open, FILE), { force: true });
  await syncFolder(open).catch((error: unknown) => {
    // a node that never had a quarantine
    if (!isMissing(error)) throw error;
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
