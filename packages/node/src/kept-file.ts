import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a small file of the node's data folder in the place of the one before, whole or not at all. Resolves when it is on the disk. One
 * call at a time for each file.
 */
export async function keepFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(`${path}.new`, path);
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}
