import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

const FILE = "obeys-from-epoch";

/**
 * The least epoch whose masters this node obeys, kept in its data folder: a node that has told its cluster that it takes nothing from a
 * master any more must know so after a restart, too (F3). 0 where nothing is kept.
 */
export async function readObeyedEpoch(dataDir: string): Promise<bigint> {
  try {
    const text = (await readFile(join(dataDir, FILE), "utf8")).trim();
    return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  } catch {
    return 0n;
  }
}

/** Resolves when it is on the disk. */
export async function keepObeyedEpoch(dataDir: string, epoch: bigint): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, FILE);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(`${epoch}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dataDir, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
