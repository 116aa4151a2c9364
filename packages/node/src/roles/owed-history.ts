import { join } from "node:path";
import { forgetFile, keepFile, readKeptFile } from "../kept-file.ts";

const FILE = "owes-history";

/** Begins what is kept of data that hold what a master lacks. */
const PARTED = "parted: ";

/**
 * Why this node counts for no election and does not lead by itself until it has all that a master had when it registered. `behind`: its
 * data may lack what it has acked in an earlier life, since they come from a backup, or from a slave. `parted`: a master has said that
 * they hold what is no part of its history; nor are they read then.
 */
export type OwedHistory = "behind" | "parted";

/** Null where nothing is owed. */
export async function readOwedHistory(dataDir: string): Promise<OwedHistory | null> {
  const text = await readKeptFile(join(dataDir, FILE));
  if (text === null) return null;
  return text.startsWith(PARTED) ? "parted" : "behind";
}

/** True where anything is owed. */
export async function owesHistory(dataDir: string): Promise<boolean> {
  return (await readOwedHistory(dataDir)) !== null;
}

/** To be called before such data are brought here; resolves when it is on the disk. */
export async function keepOwedHistory(dataDir: string, reason: string): Promise<void> {
  await keepFile(join(dataDir, FILE), `${reason}\n`);
}

/** A master has said why these data are no part of its history. Resolves when it is on the disk. */
export async function keepPartedHistory(dataDir: string, reason: string): Promise<void> {
  await keepFile(join(dataDir, FILE), `${PARTED}${reason}\n`);
}

/** It has caught up, or a person said that it leads. Resolves when it is forgotten for good. */
export async function forgetOwedHistory(dataDir: string): Promise<void> {
  if (await owesHistory(dataDir)) await forgetFile(join(dataDir, FILE));
}
