import { readExecutedPosition, type GtidPosition } from "@understudy/binlog";
import { anySignal, silentLogger, type Logger } from "@understudy/kernel";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { AccountRecord } from "./account-record.ts";
import { copyBody } from "./copy-body.ts";
import type { SnapshotEndpoint } from "./database-endpoint.ts";
import { leaveDamagedFile } from "./damaged-file.ts";
import { lockDefinitions } from "./definition-lock.ts";
import { dumpArguments } from "./dump-arguments.ts";
import { openProgramRelay } from "./program-relay.ts";
import { readInexactTables, type InexactTables } from "./inexact-columns.ts";
import { startDump, type DumpRun } from "./dump-run.ts";
import { readAccounts } from "./read-accounts.ts";
import { waitForQuietMoment } from "./quiet-moment.ts";
import { readViews } from "./read-views.ts";
import { isMarked } from "./restoring-mark.ts";
import { listCopiedSchemas, measureContent } from "./server-schemas.ts";
import { ServerSession } from "./server-session.ts";
import { binlogStateAt, positionOfDump } from "./snapshot-position.ts";
import type { SnapshotOrigin } from "./snapshot-header.ts";
import { ProgressReporter, type SnapshotProgress } from "./snapshot-progress.ts";
import { findSnapshotProgram, type SnapshotPrograms } from "./snapshot-programs.ts";
import { untransactionalChecksums } from "./untransactional-tables.ts";
import type { ViewRecord } from "./view-record.ts";

/** What a copy is made of. */
export interface OpenSnapshotOptions {
  readonly flavour: Flavour;
  /** The server to copy, and an account with all rights on it. */
  readonly endpoint: SnapshotEndpoint;
  /** Users that a node makes for itself: they are left out. */
  readonly nodeAccounts: readonly string[];
  readonly programs?: SnapshotPrograms;
  /** Where the files lie that tell the programs how to log in. Made where it is missing; the system's folder for such things by default. */
  readonly loginFolder?: string;
  /**
   * For a copy that is kept: which history it is a part of. Asked when the position is fixed; what it throws ends the opening.
   */
  readonly origin?: () => Promise<SnapshotOrigin>;
  /**
   * Nobody writes to the server meanwhile, and its binlog may be one that nobody can read: its own word for where it stands is the copy's
   * position. A write that changes that ends the opening.
   */
  readonly isStill?: boolean;
  /** Ends the opening and the copy. */
  readonly signal: AbortSignal;
  /** Must be quick and must not throw. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  readonly logger?: Logger;
}

/** A consistent copy of a server, ready to be read. Disposal ends the dump program and lets the server's definitions go. */
export interface Snapshot extends AsyncDisposable {
  /** What the copy holds, to the transaction. */
  readonly position: GtidPosition;
  /** Estimate of the text's size, from the server's statistics. */
  readonly bytesTotal: number;
  /** Process id of the dump program; undefined where the server has nothing to dump. */
  readonly pid: number | undefined;
  /**
   * The copy, to be read once; the dump goes at the reader's pace. Throws `snapshot-failed` with the program's last words where it
   * breaks off, and then lacks the end without which a restore refuses it.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Begins a consistent copy of a node's database server: all schemas but the server's own, and the accounts that people made, at
 * one position. Until disposal no definition can change on the server (DDL waits); rows of transactional tables can.
 *
 * Throws `server-unsuitable` (no dump program, or one too old), `snapshot-failed` (the server is itself half restored; a statement
 * that runs too long; somebody else's copy under way on MariaDB), `forbidden`, `database-unavailable`.
 */
export async function openSnapshot(options: OpenSnapshotOptions): Promise<Snapshot> {
  const { flavour, endpoint, programs } = options;
  const program = await findSnapshotProgram(flavour, "dump", programs);
  const life = new AbortController();
  const signal = anySignal(options.signal, life.signal);
  await using stack = new AsyncDisposableStack();
  const session = stack.use(await ServerSession.open(endpoint, signal));
  const prepared = await prepare(session, options);
  if (flavour === "mysql") await waitForQuietMoment(session, signal);
  const relay = stack.use(await openProgramRelay(endpoint, prepared.inexactTables));
  const dump =
    prepared.schemas.length === 0
      ? null
      : stack.use(
          await startDump({
            flavour,
            program: program.path,
            endpoint: relay.endpoint,
            loginFolder: options.loginFolder,
            ignoredTables: prepared.views.map(({ schema, name }) => `${schema}.${name}`),
            programArguments: dumpArguments({
              ...prepared,
              isStill: prepared.still !== null,
              flavour,
              program,
            }),
            watcher: session,
            signal,
          }),
        );
  const position = await positionOf(session, dump, { flavour, still: prepared.still });
  await assertSameAccounts(session, prepared.accounts, options);
  const origin = (await options.origin?.()) ?? null;
  const logger = options.logger ?? silentLogger;
  logger.info(
    { event: "snapshot-opened", position: position.toString(), tables: prepared.content.tables },
    "a copy of the data has begun",
  );
  const progress = new ProgressReporter(options.onProgress);
  const size = { bytesTotal: prepared.content.bytes, tablesTotal: prepared.content.tables };
  progress.report({ phase: "copying", ...size });
  const body = copyBody({
    header: {
      flavour,
      serverVersion: prepared.serverVersion,
      position,
      binlogState: flavour === "mariadb" ? binlogStateAt(position, prepared.binlogState) : "",
      ...size,
      origin,
    },
    accounts: prepared.accounts,
    views: prepared.views,
    dump,
    session,
    untransactional: prepared.untransactional,
    progress,
    signal,
  });
  const resources = stack.move();
  return {
    position,
    bytesTotal: size.bytesTotal,
    pid: dump?.pid,
    body,
    [Symbol.asyncDispose]: async () => {
      life.abort(new DOMException("the copy was closed", "AbortError"));
      await resources.disposeAsync();
    },
  };
}

interface Prepared {
  readonly schemas: readonly string[];
  readonly content: { readonly bytes: number; readonly tables: number };
  readonly serverVersion: string;
  readonly binlogState: string;
  readonly accounts: readonly AccountRecord[];
  readonly views: readonly ViewRecord[];
  readonly inexactTables: InexactTables;
  readonly withHistory: boolean;
  readonly untransactional: ReadonlyMap<string, string>;
  /** Where the server stands, if it is to stay there. */
  readonly still: GtidPosition | null;
}

/** All that is read before the dump begins, while nobody can change a definition. */
async function prepare(session: ServerSession, options: OpenSnapshotOptions): Promise<Prepared> {
  const { flavour } = options;
  if (await isMarked(session)) {
    throw new UnderstudyError(
      "snapshot-failed",
      "this server's own contents are not whole, so it can't serve a copy",
    );
  }
  const isMariadb = flavour === "mariadb";
  // of one that stands still no place is asked, and its disk may have no room for another file
  if (isMariadb && !options.isStill) await leaveDamagedFile(session);
  await lockDefinitions(session, flavour);
  return {
    schemas: await listCopiedSchemas(session),
    content: await measureContent(session),
    serverVersion: await session.value("SELECT VERSION()"),
    binlogState: isMariadb ? await session.value("SELECT @@GLOBAL.gtid_binlog_state") : "",
    accounts: await readAccounts(session, options),
    views: await readViews(session),
    inexactTables: await readInexactTables(session),
    withHistory: isMariadb && (await hasVersionedTables(session)),
    // MariaDB's lock holds them as they are
    untransactional: isMariadb ? new Map() : await untransactionalChecksums(session),
    still: options.isStill ? await readExecutedPosition(session, flavour) : null,
  };
}

async function hasVersionedTables(session: ServerSession): Promise<boolean> {
  const count = await session.value(
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_TYPE = 'SYSTEM VERSIONED'",
  );
  return count !== "0";
}

async function positionOf(
  session: ServerSession,
  dump: DumpRun | null,
  { flavour, still }: { readonly flavour: Flavour; readonly still: GtidPosition | null },
): Promise<GtidPosition> {
  if (still) return await assertStill(session, flavour, still);
  // without a schema nothing but accounts can change, and those are compared
  if (!dump) return await readExecutedPosition(session, flavour);
  return await positionOfDump(session, flavour, dump.head);
}

/** The dump has begun: what has been since then is not in it. */
async function assertStill(
  session: ServerSession,
  flavour: Flavour,
  before: GtidPosition,
): Promise<GtidPosition> {
  const now = await readExecutedPosition(session, flavour);
  if (now.equals(before)) return now;
  throw new UnderstudyError(
    "snapshot-failed",
    `somebody wrote to the server when the copy began: it was at ${before.toString()}, and then at ${now.toString()}`,
  );
}

/** No lock of MariaDB's holds accounts: equal before and behind the position, they are those of the position. */
async function assertSameAccounts(
  session: ServerSession,
  before: readonly AccountRecord[],
  options: OpenSnapshotOptions,
): Promise<void> {
  if (options.flavour === "mysql") return;
  const after = await readAccounts(session, options);
  if (JSON.stringify(after) === JSON.stringify(before)) return;
  throw new UnderstudyError(
    "snapshot-failed",
    "accounts were changed in the moment in which the copy began; try again",
  );
}
