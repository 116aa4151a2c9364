import { createReadStream } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@understudy/kernel";
import {
  UnderstudyError,
  type QuarantineDiscard,
  type QuarantineEntry,
  type QuarantinedTransaction,
  type QuarantineManifest,
  type QuarantineReport,
} from "@understudy/protocol";
import { syncFolder, writeDurably } from "./durable-file.ts";
import { readDiscard, readManifest, readReport, readTransactions } from "./entry-files.ts";
import { ENTRY_FILES, isEntryId, QuarantineFolders } from "./quarantine-folders.ts";
import { printRows, summaryText } from "./readable-listing.ts";
import { wholeCopyText } from "./whole-copy-text.ts";

/** How {@link openQuarantine} works. */
export interface QuarantineOptions {
  readonly dataDir: string;
  /** The server's program that prints binlogs (`findBinlogProgram`); null where this machine has none. */
  readonly binlogProgram: string | null;
  readonly clock: Clock;
}

/** One page, and where the next begins; null at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** How a page is asked for: at most `limit` items behind what `next` of the page before said. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}

const REPORT = /^report-.*\.json$/;

/** Opens the quarantine in a node's data folder. Nothing need be there yet. */
export async function openQuarantine(options: QuarantineOptions): Promise<Quarantine> {
  const folders = new QuarantineFolders(options.dataDir);
  await folders.ensure();
  return new Quarantine(folders, options);
}

/**
 * What a node has in quarantine. Everything is read from the disk at each call, so that it is always what a crash would leave.
 * Calls about an entry throw `not-found` where there is none of that id, and `internal` where its files are damaged.
 */
export class Quarantine {
  readonly #folders: QuarantineFolders;
  readonly #options: QuarantineOptions;

  /** Use {@link openQuarantine}. */
  constructor(folders: QuarantineFolders, options: QuarantineOptions) {
    this.#folders = folders;
    this.#options = options;
  }

  /** Entries of every state, the newest first; the last page's items may have gone elsewhere meanwhile, but none is lost. */
  async list({ limit, after }: PageRequest): Promise<Page<QuarantineEntry>> {
    const all = (await this.#folders.entries()).filter(({ id }) => after === undefined || id < after);
    const items = [];
    for (const { folder, isDiscarded } of all.slice(0, limit))
      items.push(await readEntry(folder, isDiscarded));
    return { items, next: all.length > limit ? (items.at(-1)?.manifest.id ?? null) : null };
  }

  /** One entry. */
  async get(id: string): Promise<QuarantineEntry> {
    const { folder, isDiscarded } = await this.#find(id);
    return readEntry(folder, isDiscarded);
  }

  /** An entry's transactions in their order; none of a whole copy. Throws `invalid-request` for an `after` that no page has given. */
  async transactions(id: string, { limit, after }: PageRequest): Promise<Page<QuarantinedTransaction>> {
    const { folder, manifest } = await this.#open(id);
    const first = after === undefined ? 0 : Number(after) + 1;
    if (!Number.isSafeInteger(first) || first < 0) {
      throw new UnderstudyError(
        "invalid-request",
        `no page of transactions begins after ${JSON.stringify(after)}`,
      );
    }
    const items: QuarantinedTransaction[] = [];
    if (manifest.kind === "whole-copy") return { items, next: null };
    for await (const transaction of readTransactions(folder, new AbortController().signal)) {
      if (transaction.index < first) continue;
      if (items.length === limit) return { items, next: String(items.at(-1)?.index) };
      items.push(transaction);
    }
    return { items, next: null };
  }

  /**
   * What an entry, or one transaction of it, holds, for people to read: every row where the server's program is there, else what
   * the list of transactions says; of a whole copy, what it is and how to look into it. In pieces; reading less than all is fine. Throws `not-found` for a transaction that is not in it.
   */
  async *listing(
    id: string,
    options: { readonly transaction?: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Buffer, void> {
    const { folder, manifest } = await this.#open(id);
    const { signal } = options;
    const program = this.#options.binlogProgram;
    const wanted = options.transaction;
    if (manifest.kind === "whole-copy" && wanted === undefined) {
      yield Buffer.from(wholeCopyText(manifest));
      return;
    }
    if (manifest.kind === "whole-copy") throw notFound(`transaction ${wanted} of ${id}`);
    if (program !== null && wanted === undefined) {
      return yield* printRows({ folder, program, transaction: null, signal });
    }
    let found = false;
    for await (const transaction of readTransactions(folder, signal)) {
      if (wanted !== undefined && transaction.index !== wanted) continue;
      found = true;
      if (program !== null) return yield* printRows({ folder, program, transaction, signal });
      yield Buffer.from(summaryText(transaction));
    }
    if (!found && wanted !== undefined) throw notFound(`transaction ${wanted} of ${id}`);
  }

  /** The raw binlog file, as the server's own program reads it; of a whole copy its file, as `restore` reads it. */
  async *raw(id: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { folder, manifest } = await this.#open(id);
    const file = manifest.kind === "whole-copy" ? ENTRY_FILES.wholeCopy : ENTRY_FILES.raw;
    for await (const chunk of createReadStream(join(folder, file), { signal })) {
      if (Buffer.isBuffer(chunk)) yield chunk;
    }
  }

  /** Files a report of applying with the entry. On the disk when it resolves. */
  async fileReport(id: string, report: QuarantineReport): Promise<void> {
    const { folder } = await this.#find(id);
    const time = report.endedAt.replaceAll(/[-:]/g, "");
    await replace(folder, `report-${time}.json`, report);
  }

  /**
   * Puts the entry away, with all its files, the reason, and who gave it; nothing is deleted. One that is discarded already keeps
   * its first reason.
   */
  async discard(id: string, why: { readonly reason: string; readonly by: string }): Promise<QuarantineEntry> {
    const { folder, isDiscarded } = await this.#find(id);
    if (!isDiscarded) {
      const discard: QuarantineDiscard = {
        reason: why.reason,
        by: why.by,
        at: new Date(this.#options.clock.nowMs()).toISOString(),
      };
      await replace(folder, ENTRY_FILES.discard, discard);
      await rename(folder, join(this.#folders.discarded, id));
      await syncFolder(this.#folders.discarded);
      await syncFolder(this.#folders.open);
    }
    return this.get(id);
  }

  /** Where an open entry's files lie. Throws `quarantine-closed` for one that was discarded. */
  async openFolder(id: string): Promise<string> {
    const { folder, isDiscarded } = await this.#find(id);
    if (!isDiscarded) return folder;
    const { reason } = await readDiscard(folder);
    throw new UnderstudyError("quarantine-closed", `the entry ${id} was discarded: ${reason}`);
  }

  async #open(id: string): Promise<{ readonly folder: string; readonly manifest: QuarantineManifest }> {
    const { folder } = await this.#find(id);
    return { folder, manifest: await readManifest(folder) };
  }

  async #find(id: string): Promise<{ readonly folder: string; readonly isDiscarded: boolean }> {
    const found = isEntryId(id)
      ? (await this.#folders.entries()).find((entry) => entry.id === id)
      : undefined;
    if (!found) throw notFound(JSON.stringify(id));
    return found;
  }
}

async function readEntry(folder: string, isDiscarded: boolean): Promise<QuarantineEntry> {
  const manifest = await readManifest(folder);
  const latest = (await readdir(folder))
    .filter((name) => REPORT.test(name))
    .toSorted()
    .at(-1);
  const report = latest === undefined ? null : await readReport(folder, latest);
  const discarded = isDiscarded ? await readDiscard(folder) : null;
  const state = isDiscarded ? "discarded" : report ? "applied" : "open";
  return { manifest, state, discarded, report };
}

/** Puts a file in place as a whole. */
async function replace(folder: string, name: string, content: unknown): Promise<void> {
  const draft = join(folder, `.${name}`);
  await rm(draft, { force: true });
  await writeDurably(draft, `${JSON.stringify(content, null, 2)}\n`);
  await rename(draft, join(folder, name));
  await syncFolder(folder);
}

function notFound(what: string): UnderstudyError {
  return new UnderstudyError("not-found", `the quarantine has no ${what}`);
}
