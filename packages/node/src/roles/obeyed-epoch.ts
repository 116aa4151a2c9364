import { join } from "node:path";
import { keepEpoch, readKeptEpoch } from "./kept-epoch.ts";

const FILE = "obeys-from-epoch";

/**
 * The least epoch whose masters this node obeys, kept in its data folder: a node that has told its cluster that it takes nothing from a
 * master any more must know so after a restart, too (F3). 0 where nothing is kept.
 */
export async function readObeyedEpoch(dataDir: string): Promise<bigint> {
  return (await readKeptEpoch(join(dataDir, FILE))) ?? 0n;
}

/** Resolves when it is on the disk. */
export async function keepObeyedEpoch(dataDir: string, epoch: bigint): Promise<void> {
  await keepEpoch(join(dataDir, FILE), epoch);
}
