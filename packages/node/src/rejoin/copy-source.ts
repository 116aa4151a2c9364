import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Type from "typebox";
import { Value } from "typebox/value";
import { keepFile } from "../kept-file.ts";
import type { KnownLeader } from "../roles/leader-link.ts";

const FILE = "copy-source.json";
const CopySource = Type.Object({ nodeId: Type.Union([Type.String(), Type.Null()]), url: Type.String() });

/**
 * Whom this node takes its data from, kept in its data folder: a node with half a copy has nothing else that could tell, and one that
 * was started as the master would begin a cluster of its own. Null where nothing is kept.
 */
export async function readCopySource(dataDir: string): Promise<KnownLeader | null> {
  try {
    const told: unknown = JSON.parse(await readFile(join(dataDir, FILE), "utf8"));
    return Value.Check(CopySource, told) ? told : null;
  } catch {
    return null;
  }
}

/** To be called before anything is replaced; resolves when it is on the disk. */
export async function keepCopySource(dataDir: string, { nodeId, url }: KnownLeader): Promise<void> {
  await keepFile(join(dataDir, FILE), `${JSON.stringify({ nodeId, url })}\n`);
}
