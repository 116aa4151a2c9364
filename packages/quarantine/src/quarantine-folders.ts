import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "./durable-file.ts";

/** Names of what lies in an entry's folder. */
export const ENTRY_FILES = {
  raw: "errant.binlog",
  wholeCopy: "whole-copy.understudy",
  manifest: "manifest.json",
  transactions: "transactions.ndjson",
  discard: "discard.json",
} as const;

const ID = /^\d{8}T\d{6}\.\d{3}Z-\d{1,20}(?:-\d{1,4})?$/;
const DRAFT = /^\.saving-/;

/** True for the id of an entry, which is its folder's name: `20260131T235959.123Z-7`, the epoch last. */
export function isEntryId(text: string): boolean {
  return ID.test(text);
}

/** The id of what is saved at this time; `attempt` above 0 tells entries of one millisecond apart. */
export function entryId(timeMs: number, epoch: bigint, attempt: number): string {
  const time = new Date(timeMs).toISOString().replaceAll(/[-:]/g, "");
  return `${time}-${epoch}${attempt === 0 ? "" : `-${attempt}`}`;
}

/** Where a node keeps its quarantine. */
export class QuarantineFolders {
  /** Entries that are open or applied. */
  readonly open: string;
  /** Entries that were discarded, with all that is in them. */
  readonly discarded: string;

  constructor(dataDir: string) {
    this.open = join(dataDir, "quarantine");
    this.discarded = join(this.open, "discarded");
  }

  /** Where something is made before it gets its name. */
  draft(name: string): string {
    return join(this.open, `.saving-${name}`);
  }

  /** Makes the folders; their names are on the disk when it resolves. */
  async ensure(): Promise<void> {
    const made = await mkdir(this.discarded, { recursive: true });
    if (made === undefined) return;
    await syncFolder(this.open);
    await syncFolder(dirname(this.open));
    await syncFolder(dirname(made));
  }

  /** To be called before something is made here: makes the folders, and removes drafts that a crash left behind. */
  async prepare(): Promise<void> {
    await this.ensure();
    for (const name of await names(this.open)) {
      if (DRAFT.test(name)) await rm(join(this.open, name), { recursive: true, force: true });
    }
  }

  /** Ids of all entries and where they lie, the newest first. */
  async entries(): Promise<
    { readonly id: string; readonly folder: string; readonly isDiscarded: boolean }[]
  > {
    const found = [];
    for (const [parent, isDiscarded] of [
      [this.open, false],
      [this.discarded, true],
    ] as const) {
      for (const id of await names(parent)) {
        if (isEntryId(id)) found.push({ id, folder: join(parent, id), isDiscarded });
      }
    }
    return found.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
