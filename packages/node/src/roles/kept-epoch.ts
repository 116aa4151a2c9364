import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** The epoch that a file of the node's data folder holds; null where it holds none. */
export async function readKeptEpoch(path: string): Promise<bigint | null> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return /^\d{1,19}$/.test(text) ? BigInt(text) : null;
  } catch {
    return null;
  }
}

/** Resolves when it is on the disk. One call at a time for each file. */
export async function keepEpoch(path: string, epoch: bigint): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(`${epoch}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
