import type { GtidPosition, ServerQuestions } from "@understudy/binlog";
import { anySignal, messageOf, silentLogger, type Logger } from "@understudy/kernel";
import { isUnderstudyError, UnderstudyError, type Flavour } from "@understudy/protocol";
import { parseAccounts } from "./account-record.ts";
import type { SnapshotEndpoint } from "./database-endpoint.ts";
import { emptyServer } from "./empty-server.ts";
import { setGtidState } from "./gtid-state.ts";
import { dataOf, expectFrame } from "./frame-order.ts";
import { openProgramRelay } from "./program-relay.ts";
import { removeMark, setMark } from "./restoring-mark.ts";
import { restoreAccounts } from "./restore-accounts.ts";
import { restoreViews } from "./restore-views.ts";
import { runRestore } from "./restore-run.ts";
import { openForRestore } from "./server-locks.ts";
import { measureContent } from "./server-schemas.ts";
import { ServerSession } from "./server-session.ts";
import { readFrames, torn, type Frame } from "./snapshot-frame.ts";
import { parseHeader, type SnapshotHeader } from "./snapshot-header.ts";
import { ProgressReporter, type SnapshotProgress } from "./snapshot-progress.ts";
import { findSnapshotProgram, type FoundProgram, type SnapshotPrograms } from "./snapshot-programs.ts";
import { parseViews } from "./view-record.ts";

/** Into which server a copy is restored. */
export interface RestoreSnapshotOptions {
  readonly flavour: Flavour;
  /** The server whose contents are replaced, and an account with all rights on it, which stays as it is. */
  readonly endpoint: SnapshotEndpoint;
  /** Users that a node makes for itself: they stay as they are. */
  readonly nodeAccounts: readonly string[];
  /** What `openSnapshot` gave, from wherever it comes. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Asked before anything is touched; what it throws ends the restore. */
  readonly admit?: AdmitSnapshot;
  readonly programs?: SnapshotPrograms;
  /** Where the files lie that tell the programs how to log in. Made where it is missing; the system's folder for such things by default. */
  readonly loginFolder?: string;
  readonly signal: AbortSignal;
  /** Must be quick and must not throw. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  readonly logger?: Logger;
}

/**
 * Looks at what a copy says of itself, and at the server that it is for. May give what is to be done when all of the copy is there, but
 * before the server counts as whole: what that throws leaves the server marked.
 */
export type AdmitSnapshot = (
  header: SnapshotHeader,
  server: ServerQuestions,
) => Promise<((server: ServerQuestions) => Promise<void>) | undefined>;

/** A restore that came to its end. */
export interface RestoredSnapshot {
  /** Where the server stands now: as the binlog package reads it, both executed and purged. */
  readonly position: GtidPosition;
}

/**
 * Replaces everything in a database server by a copy: schemas, accounts and GTID history. Nothing is touched before the copy's
 * header has come and been found fit. From then until success a mark stands in the server (see `isTornSnapshot`), whatever
 * happens; another restore starts over from any state. Client sessions must be ended before: one that holds a table stops it.
 *
 * Throws `server-unsuitable` (no client program, a copy of another flavour), `version-mismatch` (a copy of another format),
 * `snapshot-failed` (the stream is torn, the server refuses something, somebody else writes), `forbidden`, `database-unavailable`,
 * what `body` throws, the signal's reason.
 */
export async function restoreSnapshot(options: RestoreSnapshotOptions): Promise<RestoredSnapshot> {
  const { flavour, endpoint, programs, signal, body } = options;
  const life = new AbortController();
  const frames = readFrames(body, anySignal(signal, life.signal));
  try {
    const program = await findSnapshotProgram(flavour, "client", programs);
    const header = parseHeader(await expectFrame(frames, "header"), flavour);
    using session = await ServerSession.open(endpoint, signal);
    const complete = await options.admit?.(header, session);
    const abandon = (reason: unknown): void => life.abort(reason);
    await fill(session, { ...options, frames, header, program, abandon, complete });
    return { position: header.position };
  } catch (thrown) {
    signal.throwIfAborted();
    const error: unknown = life.signal.aborted ? life.signal.reason : thrown;
    if (isUnderstudyError(error)) throw error;
    throw new UnderstudyError("snapshot-failed", `the copy was not restored: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    life.abort(new DOMException("the restore has ended", "AbortError"));
    await frames.return(undefined);
  }
}

interface FillOptions extends RestoreSnapshotOptions {
  readonly frames: AsyncGenerator<Frame>;
  readonly header: SnapshotHeader;
  readonly program: FoundProgram;
  readonly abandon: (reason: unknown) => void;
  readonly complete: ((server: ServerQuestions) => Promise<void>) | undefined;
}

async function fill(session: ServerSession, options: FillOptions): Promise<void> {
  const { flavour, frames, header, signal } = options;
  const logger = options.logger ?? silentLogger;
  const progress = new ProgressReporter(options.onProgress);
  progress.report({ phase: "preparing", bytesTotal: header.bytesTotal, tablesTotal: header.tablesTotal });
  await using _lock = await openForRestore(session, flavour, logger);
  await setMark(session);
  logger.info(
    { event: "snapshot-restoring", position: header.position.toString() },
    "a copy of the data is being restored",
  );
  const kept = await emptyServer(session, options);
  const accounts = parseAccounts(await expectFrame(frames, "accounts"));
  const views = parseViews(await expectFrame(frames, "views"));
  progress.report({ phase: "restoring" });
  await using relay = options.endpoint.tls ? await openProgramRelay(options.endpoint) : null;
  const bytes = await runRestore({
    flavour,
    program: options.program.path,
    endpoint: relay?.endpoint ?? options.endpoint,
    loginFolder: options.loginFolder,
    data: dataOf(frames),
    progress,
    abandon: options.abandon,
    signal,
  });
  progress.report({ phase: "finishing" });
  await assertAllTables(session, header);
  await restoreViews(session, views, logger);
  await restoreAccounts(session, { accounts, kept, rules: options, logger });
  await options.complete?.(session);
  await setGtidState(session, flavour, header);
  await removeMark(session);
  progress.done(bytes);
  logger.info(
    { event: "snapshot-restored", position: header.position.toString() },
    "the copy of the data is whole",
  );
}

async function assertAllTables(session: ServerSession, { tablesTotal }: SnapshotHeader): Promise<void> {
  const { tables } = await measureContent(session);
  if (tables !== tablesTotal) throw torn(`${tables} tables came of ${tablesTotal}`);
}
