import { join } from "node:path";
import { forgetFile, keepFile, readKeptFile } from "../kept-file.ts";

const FILE = "owes-history";

/**
 * True where this node's data may lack what the node has acked in an earlier life: they come from a backup, or from a slave. It counts
 * for no election, and does not lead by itself, until it has all that a master had when it registered.
 */
export async function owesHistory(dataDir: string): Promise<boolean> {
  return (await readKeptFile(join(dataDir, FILE))) !== null;
}

/** To be called before such data are brought here; resolves when it is on the disk. */
export async function keepOwedHistory(dataDir: string, reason: string): Promise<void> {
  await keepFile(join(dataDir, FILE), `${reason}\n`);
}

/** It has caught up, or a person said that it leads. Resolves when it is forgotten for good. */
export async function forgetOwedHistory(dataDir: string): Promise<void> {
  if (await owesHistory(dataDir)) await forgetFile(join(dataDir, FILE));
}
