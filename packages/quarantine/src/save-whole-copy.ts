import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readExecutedPosition, type GtidPosition, type ServerQuestions } from "@understudy/binlog";
import type { Clock } from "@understudy/kernel";
import {
  isUnderstudyError,
  type UnderstudyError,
  type Flavour,
  type QuarantineManifest,
} from "@understudy/protocol";
import { hasBusySession } from "./busy-sessions.ts";
import { freeBytes, isNoRoom, NoRoom } from "./disk-room.ts";
import { DurableFile } from "./durable-file.ts";
import { findManifest } from "./find-manifest.ts";
import { incarnationOf } from "./incarnation.ts";
import { possibleErrant } from "./possible-errant.ts";
import { publishEntry } from "./publish-entry.ts";
import { quarantineIncomplete } from "./quarantine-incomplete.ts";
import { ENTRY_FILES, QuarantineFolders } from "./quarantine-folders.ts";

/** A copy of everything in a server, ready to be read once. */
export interface WholeCopy extends AsyncDisposable {
  /** What it holds, to the transaction. */
  readonly position: GtidPosition;
  /** Estimate of its size as text, before it is compressed. */
  readonly bytesTotal: number;
  /** Ends with an error where it is not whole. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What {@link saveWholeCopy} needs. */
export interface SaveWholeCopyOptions {
  /** The entry goes into the folder `quarantine` in it. */
  readonly dataDir: string;
  /** The node whose data these are. */
  readonly node: string;
  /** The epoch of the history that the node joins. */
  readonly epoch: bigint;
  readonly flavour: Flavour;
  /** Why its transactions can't be saved alone. */
  readonly reason: string;
  /** Asks the node's own server, in one session for each task. Nobody may write to it meanwhile. */
  readonly ask: <T>(task: (server: ServerQuestions) => Promise<T>) => Promise<T>;
  /** Where both histories are the same. */
  readonly shared: GtidPosition;
  /** What the master has. */
  readonly master: GtidPosition;
  /** Begins the copy. */
  readonly open: () => Promise<WholeCopy>;
  /** Reads what was written to its end. Throws where it is not whole. */
  readonly verify: (body: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Told how many bytes are in the file. Must be quick and must not throw. */
  readonly onBytes: (bytes: number) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What {@link saveWholeCopy} did. */
export interface SavedWholeCopy {
  readonly manifest: QuarantineManifest;
  /** False where a copy of the very same data was kept before. */
  readonly isNew: boolean;
}

/** Even what compresses best needs so much of its size; less is not worth a dump. */
const ROOM_SHARE_MIN = 1 / 50;
const CHUNK_BYTES = 1 << 20;
const LOOKS_MAX = 5;
const LOOK_EVERY_MS = 200;

/** What the server has when the copy is begun. */
interface ServerState {
  readonly own: GtidPosition;
  readonly errant: string;
  readonly serverVersion: string;
}

/**
 * Keeps a copy of all that a node has as one entry of its quarantine, where `saveErrant` can't save its transactions alone. When it resolves,
 * the entry is on the disk, whole and under its name; until then nothing is listed. One at a time for a folder. The same data again, which
 * are known by the server's position and its incarnation (see DESIGN.md), make no second entry.
 *
 * Throws `quarantine-incomplete` where there is no room, where the server can't be copied, or where somebody still writes to it: nothing is
 * left of the try then. Else what `ask` and `open` throw where the server is away, and what the file system throws.
 */
export async function saveWholeCopy(options: SaveWholeCopyOptions): Promise<SavedWholeCopy> {
  return new CopySaving(options).run();
}

class CopySaving {
  readonly #options: SaveWholeCopyOptions;
  readonly #folders: QuarantineFolders;
  #expectedBytes = 0;
  #writtenBytes = 0;

  constructor(options: SaveWholeCopyOptions) {
    this.#options = options;
    this.#folders = new QuarantineFolders(options.dataDir);
  }

  async run(): Promise<SavedWholeCopy> {
    const { signal } = this.#options;
    try {
      await this.#folders.prepare();
      const incarnation = await incarnationOf(this.#folders);
      const state = await this.#stateAtRest();
      const own = state.own.toString();
      const known = await findManifest(
        this.#folders,
        ({ wholeCopy, positions }) => wholeCopy?.incarnation === incarnation && positions.own === own,
      );
      if (known) return { manifest: known, isNew: false };
      return { manifest: await this.#keep(state, incarnation), isNew: true };
    } catch (error) {
      signal.throwIfAborted();
      if (isNoRoom(error)) throw await this.#noRoom(error);
      if (isUnderstudyError(error, "snapshot-failed", "server-unsuitable", "forbidden")) {
        const why = `its server can't be copied: ${error.message}. Nothing was touched; the node tries again by itself`;
        throw this.#refused(why, error);
      }
      throw error;
    }
  }

  /** One that only asks something has ended soon. */
  async #stateAtRest(): Promise<ServerState> {
    const { ask, clock, signal } = this.#options;
    for (let look = 1; look <= LOOKS_MAX; look++) {
      const state = await ask((server) => this.#readState(server));
      if (state) return state;
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
    throw this.#refused("a session of its server is still at work; the node tries again by itself");
  }

  /** Null while a session is at work: one whose number is counted already may come to its end without moving the position. */
  async #readState(server: ServerQuestions): Promise<ServerState | null> {
    const { flavour, shared } = this.#options;
    const own = await readExecutedPosition(server, flavour);
    if (await hasBusySession(server)) return null;
    const [row] = await server.rows("SELECT VERSION() AS version");
    const errant = await possibleErrant({ flavour, server, own, shared });
    return { own, errant, serverVersion: String(row?.["version"] ?? "") };
  }

  async #keep(state: ServerState, incarnation: string): Promise<QuarantineManifest> {
    const { epoch, verify, ask, flavour, signal } = this.#options;
    const folder = this.#folders.draft(String(epoch));
    const path = join(folder, ENTRY_FILES.wholeCopy);
    try {
      await mkdir(folder);
      const digest = await this.#write(path, state.own);
      await verify(createReadStream(path, { highWaterMark: CHUNK_BYTES, signal }));
      this.#assertSame(state.own, await ask((server) => readExecutedPosition(server, flavour)));
      const manifest = this.#describe(state, { incarnation, digest });
      return await publishEntry(this.#folders, { folder, epoch, manifest });
    } finally {
      // where it has got its name, there is nothing left here
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Writes the copy into a new file, which is on the disk when it resolves with its SHA-256. */
  async #write(path: string, own: GtidPosition): Promise<string> {
    const { open, signal } = this.#options;
    await using copy = await open();
    this.#assertSame(own, copy.position);
    this.#expectedBytes = copy.bytesTotal;
    if ((await freeBytes(dirname(path))) < copy.bytesTotal * ROOM_SHARE_MIN) throw new NoRoom();
    await using file = await DurableFile.create(path);
    const digest = createHash("sha256");
    for await (const chunk of copy.body) {
      signal.throwIfAborted();
      file.add(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      digest.update(chunk);
      if (!file.isFull) continue;
      await file.flush();
      this.#note(file.bytes);
    }
    await file.close();
    this.#note(file.bytes);
    return digest.digest("hex");
  }

  #note(bytes: number): void {
    this.#writtenBytes = bytes;
    this.#options.onBytes(bytes);
  }

  /** Its sessions were ended and it is read-only, but not for who has all rights. */
  #assertSame(before: GtidPosition, now: GtidPosition): void {
    if (now.equals(before)) return;
    throw this.#refused(
      `somebody wrote to its server while it was copied (it was at ${before.toString()}, and then at ${now.toString()}); the node tries again by itself`,
    );
  }

  #describe(
    { own, errant, serverVersion }: ServerState,
    { incarnation, digest }: { readonly incarnation: string; readonly digest: string },
  ): QuarantineManifest {
    const { reason, node, epoch, clock, flavour, shared, master } = this.#options;
    return {
      id: "",
      kind: "whole-copy",
      wholeCopy: { reason, errant, incarnation },
      node,
      epoch: String(epoch),
      savedAt: new Date(clock.nowMs()).toISOString(),
      flavour,
      serverVersion,
      positions: { shared: shared.toString(), own: own.toString(), master: master.toString() },
      transactionCount: 0,
      clientTransactionCount: 0,
      bytes: this.#writtenBytes,
      digest,
      tables: [],
    };
  }

  async #noRoom(cause: unknown): Promise<UnderstudyError> {
    const folder = this.#folders.open;
    const free = await freeBytes(folder).catch(() => null);
    const bytes = Math.max(this.#expectedBytes, this.#writtenBytes);
    const needed = bytes > 0 ? `up to about ${bytes}` : "as much as the data";
    return this.#refused(
      `there is no room to keep a copy of its whole data: ${folder} has ${free ?? "few"} bytes free, and the copy needs ${needed}. Make room there; nothing was touched, and the node tries again by itself`,
      cause,
    );
  }

  #refused(why: string, cause?: unknown): UnderstudyError {
    return quarantineIncomplete(`${this.#options.reason}; and ${why}`, {}, cause);
  }
}
