import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { messageOf } from "@understudy/kernel";
import { isUnderstudyError } from "@understudy/protocol";
import { parseAccounts } from "./account-record.ts";
import { DumpScanner } from "./dump-scanner.ts";
import { dataOf, expectFrame } from "./frame-order.ts";
import { readFrames, torn } from "./snapshot-frame.ts";
import { readHeader, type SnapshotHeader } from "./snapshot-header.ts";
import { ProgressReporter, type SnapshotProgress } from "./snapshot-progress.ts";
import { parseViews } from "./view-record.ts";

/** Which stream is looked at. */
export interface VerifySnapshotOptions {
  /** What `openSnapshot` gave, from wherever it comes. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Told as soon as the header was read. Must be quick and must not throw. */
  readonly onHeader?: (header: SnapshotHeader) => void;
  /** Must be quick and must not throw. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  readonly signal: AbortSignal;
}

/** A copy that is whole. */
export interface VerifiedSnapshot {
  readonly header: SnapshotHeader;
  /** Bytes of SQL text. */
  readonly bytes: number;
  readonly tables: number;
}

/**
 * Reads a copy to its end and checks what can be checked without a server: every byte by the checksum at its end, the compressed text, its
 * last line. Memory stays flat. Throws `snapshot-failed` for one that is torn or changed, `version-mismatch` for one of another format,
 * what `body` throws, the signal's reason.
 */
export async function verifySnapshot(options: VerifySnapshotOptions): Promise<VerifiedSnapshot> {
  const { body, onHeader, onProgress, signal } = options;
  const frames = readFrames(body, signal);
  const scanner = new DumpScanner();
  const progress = new ProgressReporter(onProgress);
  try {
    const header = readHeader(await expectFrame(frames, "header"));
    onHeader?.(header);
    parseAccounts(await expectFrame(frames, "accounts"));
    parseViews(await expectFrame(frames, "views"));
    progress.report({ phase: "verifying", bytesTotal: header.bytesTotal, tablesTotal: header.tablesTotal });
    await pipeline(
      dataOf(frames),
      createZstdDecompress(),
      async (text: AsyncIterable<Buffer>) => {
        for await (const chunk of text) {
          scanner.push(chunk);
          progress.scanned(scanner.bytes, scanner.tables);
        }
      },
      { signal },
    );
    if (scanner.bytes > 0 && !scanner.isEndSeen) throw torn("its text ends too early");
    progress.done(scanner.bytes);
    return { header, bytes: scanner.bytes, tables: header.tablesTotal };
  } catch (error) {
    signal.throwIfAborted();
    throw isUnderstudyError(error) || !isZstdError(error) ? error : torn(messageOf(error));
  } finally {
    await frames.return(undefined);
  }
}

function isZstdError(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && /^ZSTD|^Z_|ERR_STREAM_PREMATURE/.test(String(error.code))
  );
}
