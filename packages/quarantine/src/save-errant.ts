import { mkdir, rm } from "node:fs/promises";
import {
  mayBeDamaged,
  readExecutedPosition,
  readPurgedPosition,
  type BinlogEvent,
  type GtidPosition,
  type ServerQuestions,
} from "@understudy/binlog";
import { messageOf, type Clock } from "@understudy/kernel";
import { isUnderstudyError, type Flavour, type QuarantineManifest } from "@understudy/protocol";
import { ErrantDraft } from "./errant-draft.ts";
import { ErrantReader } from "./errant-reader.ts";
import { areFailedNumbers } from "./failed-numbers.ts";
import { findManifest } from "./find-manifest.ts";
import { isNoRoom } from "./disk-room.ts";
import { publishEntry } from "./publish-entry.ts";
import { quarantineIncomplete } from "./quarantine-incomplete.ts";
import { QuarantineFolders } from "./quarantine-folders.ts";
import { readTableColumns } from "./table-columns.ts";

/** What {@link saveErrant} needs. */
export interface SaveErrantOptions {
  /** The entry goes into the folder `quarantine` in it. */
  readonly dataDir: string;
  /** The node whose transactions these are. */
  readonly node: string;
  /** The epoch of the history that the node joins. */
  readonly epoch: bigint;
  readonly flavour: Flavour;
  /** A session on the node's own server, which must not be written to meanwhile. */
  readonly server: ServerQuestions;
  /** Where both histories are the same: on MySQL all that both have, on MariaDB the last common transaction of each domain. */
  readonly shared: GtidPosition;
  /** What the master has. */
  readonly master: GtidPosition;
  /** The node's own binlog behind `shared`, up to its end, as `readBinlog` gives it. */
  readonly binlog: AsyncIterable<readonly BinlogEvent[]>;
  /** The same from a later place on. */
  readonly binlogAfter: (position: GtidPosition) => AsyncIterable<readonly BinlogEvent[]>;
  /** True for a transaction behind `shared` that the master's history lacks. */
  readonly isErrant: (gtid: string) => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What {@link saveErrant} did. */
export interface SavedErrant {
  /** Null where the node has nothing errant. */
  readonly manifest: QuarantineManifest | null;
  /** False where the very same transactions were saved before: `manifest` is then that entry's, whatever became of it. */
  readonly isNew: boolean;
}

/**
 * Saves a node's errant transactions as one entry of its quarantine. When it resolves, the entry is on the disk, whole and under its
 * name; until then nothing is listed, and the node's server must be kept as it is. Memory is flat, however large a transaction is.
 * One at a time for a folder; saving the same again makes no second entry.
 *
 * Throws `quarantine-incomplete` where a transaction that may be errant is no longer in the binlog or cannot be read there, and, with
 * `isNoRoom` among the details, where the disk is full;
 * `database-unavailable` as the binlog does, and what the file system throws.
 */
export async function saveErrant(options: SaveErrantOptions): Promise<SavedErrant> {
  const { flavour, server, shared } = options;
  const own = await readExecutedPosition(server, flavour);
  const purged = await readPurgedPosition(server, flavour);
  if (!shared.contains(purged)) {
    throw quarantineIncomplete(
      `its binlog begins only after ${purged}, and both histories are known to be the same up to ${shared || "nothing"}`,
      { purged: purged.toString(), shared: shared.toString() },
    );
  }
  const folders = new QuarantineFolders(options.dataDir);
  await folders.prepare();
  const draftFolder = folders.draft(String(options.epoch));
  await mkdir(draftFolder);
  try {
    await using draft = await ErrantDraft.open(draftFolder, flavour);
    await fill(draft, options, own);
    const digest = await draft.close();
    if (draft.transactions === 0) return { manifest: null, isNew: false };
    const known = await findManifest(folders, (manifest) => manifest.digest === digest);
    if (known) return { manifest: known, isNew: false };
    const manifest = await describe(draft, options, { own, digest });
    const draftEntry = { folder: draftFolder, epoch: options.epoch, manifest };
    return { manifest: await publishEntry(folders, draftEntry), isNew: true };
  } catch (error) {
    if (!isNoRoom(error)) throw error;
    throw quarantineIncomplete(
      `there is no room for them in ${folders.open}. Make some; nothing was touched, and the node tries again by itself`,
      { isNoRoom: true },
      error,
    );
  } finally {
    // where it has got its name, there is nothing left here
    await rm(draftFolder, { recursive: true, force: true });
  }
}

/** Copies what is errant, and makes sure that everything the node has was seen. */
async function fill(draft: ErrantDraft, options: SaveErrantOptions, own: GtidPosition): Promise<void> {
  const reader = new ErrantReader(draft, options);
  try {
    for await (const batch of options.binlog) {
      options.signal.throwIfAborted();
      for (const event of batch) await reader.take(event);
    }
  } catch (error) {
    const isUnreadable = isUnderstudyError(
      error,
      "binlog-corrupt",
      "binlog-unsupported",
      "snapshot-required",
    );
    if (isUnreadable || (isUnderstudyError(error) && mayBeDamaged(error))) {
      throw quarantineIncomplete(`its binlog cannot be read: ${messageOf(error)}`, error.details, error);
    }
    throw error;
  }
  options.signal.throwIfAborted();
  if (reader.insideTransaction) throw quarantineIncomplete("its binlog ends within a transaction", {});
  if (!reader.seen.contains(own)) {
    const after = options.binlogAfter(reader.seen);
    if (await areFailedNumbers(options.flavour, { server: options.server, after })) return;
    throw quarantineIncomplete(`it has ${own}, but its binlog gave only what leads to ${reader.seen}`, {
      own: own.toString(),
      seen: reader.seen.toString(),
    });
  }
}

async function describe(
  draft: ErrantDraft,
  options: SaveErrantOptions,
  more: { readonly own: GtidPosition; readonly digest: string },
): Promise<QuarantineManifest> {
  const [row] = await options.server.rows("SELECT VERSION() AS version");
  return {
    id: "",
    kind: "transactions",
    node: options.node,
    epoch: String(options.epoch),
    savedAt: new Date(options.clock.nowMs()).toISOString(),
    flavour: options.flavour,
    serverVersion: String(row?.["version"] ?? ""),
    positions: {
      shared: options.shared.toString(),
      own: more.own.toString(),
      master: options.master.toString(),
    },
    transactionCount: draft.transactions,
    clientTransactionCount: draft.clientTransactions,
    bytes: draft.bytes,
    digest: more.digest,
    tables: await readTableColumns(options.server, draft.tables),
  };
}
