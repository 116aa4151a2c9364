import type { QuarantineManifest } from "@understudy/protocol";
import { readManifest } from "./entry-files.ts";
import type { QuarantineFolders } from "./quarantine-folders.ts";

/** The manifest of the newest entry that is as wanted, whatever became of it; null where none is. */
export async function findManifest(
  folders: QuarantineFolders,
  isWanted: (manifest: QuarantineManifest) => boolean,
): Promise<QuarantineManifest | null> {
  for (const { folder } of await folders.entries()) {
    // one that is damaged must not keep the next from being saved
    const manifest = await readManifest(folder).catch(() => null);
    if (manifest && isWanted(manifest)) return manifest;
  }
  return null;
}
