import { readFile } from "node:fs/promises";
import { keepFile } from "../kept-file.ts";

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
  await keepFile(path, `${epoch}\n`);
}
