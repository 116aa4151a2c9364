import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { UnderstudyError } from "@understudy/protocol";
import { formatAccounts, type AccountRecord } from "./account-record.ts";
import type { DumpRun } from "./dump-run.ts";
import { DumpScanner } from "./dump-scanner.ts";
import type { ServerSession } from "./server-session.ts";
import { FrameWriter } from "./snapshot-frame.ts";
import { formatHeader, type SnapshotHeader } from "./snapshot-header.ts";
import type { ProgressReporter } from "./snapshot-progress.ts";
import { formatViews, type ViewRecord } from "./view-record.ts";
import { firstChanged, untransactionalChecksums } from "./untransactional-tables.ts";

/** What a copy's stream is made from. */
export interface CopyBodyOptions {
  readonly header: SnapshotHeader;
  readonly accounts: readonly AccountRecord[];
  readonly views: readonly ViewRecord[];
  /** Null where there is nothing to dump. */
  readonly dump: DumpRun | null;
  readonly session: ServerSession;
  /** Checksums, before the dump, of what no snapshot covers. */
  readonly untransactional: ReadonlyMap<string, string>;
  readonly progress: ProgressReporter;
  readonly signal: AbortSignal;
}

/** Fast; a network is seldom faster. */
const ZSTD_LEVEL = 1;

/** The stream of a copy. Its trailer, without which it is worth nothing, comes only when everything before it has succeeded. */
export async function* copyBody(options: CopyBodyOptions): AsyncGenerator<Uint8Array> {
  const { header, accounts, views, dump, session, progress, signal } = options;
  const writer = new FrameWriter();
  const scanner = new DumpScanner();
  signal.throwIfAborted();
  yield writer.frame("header", formatHeader(header));
  yield writer.frame("accounts", formatAccounts(accounts));
  yield writer.frame("views", formatViews(views));
  const text = watched(dump, scanner, progress);
  for await (const chunk of compressed(text, signal)) yield writer.frame("data", chunk);
  if (dump && !scanner.isEndSeen) {
    throw new UnderstudyError("snapshot-failed", "the dump program ended before its text did");
  }
  await assertUnchanged(options);
  // definitions may change again, however long the reader keeps the copy open
  session[Symbol.dispose]();
  yield writer.trailer();
  progress.done(scanner.bytes);
}

async function* watched(
  dump: DumpRun | null,
  scanner: DumpScanner,
  progress: ProgressReporter,
): AsyncGenerator<Buffer> {
  if (!dump) return;
  for await (const chunk of dump.text()) {
    scanner.push(chunk);
    progress.scanned(scanner.bytes, scanner.tables);
    yield chunk;
  }
}

async function* compressed(text: AsyncGenerator<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  const pumping = pipeline(text, zstd, { signal });
  // its failure also ends the loop below
  pumping.catch(() => undefined);
  try {
    for await (const chunk of zstd) {
      if (Buffer.isBuffer(chunk)) yield chunk;
    }
    await pumping;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    zstd.destroy();
  }
}

async function assertUnchanged({ session, untransactional }: CopyBodyOptions): Promise<void> {
  if (untransactional.size === 0) return;
  const changed = firstChanged(untransactional, await untransactionalChecksums(session));
  if (changed === undefined) return;
  throw new UnderstudyError(
    "snapshot-failed",
    `${changed}, whose engine knows no transactions, was written to while it was copied`,
  );
}
