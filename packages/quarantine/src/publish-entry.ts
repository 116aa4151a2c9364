import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { QuarantineManifest } from "@understudy/protocol";
import { syncFolder, writeDurably } from "./durable-file.ts";
import { ENTRY_FILES, entryId, type QuarantineFolders } from "./quarantine-folders.ts";

/** An entry that has no name yet: its files are on the disk, but for the manifest. */
export interface EntryDraft {
  readonly folder: string;
  readonly epoch: bigint;
  /** Its id is given here. */
  readonly manifest: QuarantineManifest;
}

/** Gives an entry its name. Everything in it is on the disk before, and the name is when it resolves. */
export async function publishEntry(
  folders: QuarantineFolders,
  { folder, epoch, manifest: unnamed }: EntryDraft,
): Promise<QuarantineManifest> {
  const taken = new Set((await folders.entries()).map(({ id }) => id));
  const savedAtMs = Date.parse(unnamed.savedAt);
  let attempt = 0;
  while (taken.has(entryId(savedAtMs, epoch, attempt))) attempt += 1;
  const manifest = { ...unnamed, id: entryId(savedAtMs, epoch, attempt) };
  await writeDurably(join(folder, ENTRY_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  await syncFolder(folder);
  await rename(folder, join(folders.open, manifest.id));
  await syncFolder(folders.open);
  return manifest;
}
