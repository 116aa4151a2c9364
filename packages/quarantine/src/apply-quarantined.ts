import {
  openReplaySession,
  ServerError,
  type ApplierConnection,
  type ReplaySession,
} from "@understudy/applier";
import {
  EVENT_TYPE,
  expandEventInBatches,
  groupTransactions,
  readEventStream,
  type BinlogEvent,
  type TransactionPart,
} from "@understudy/binlog";
import type { Clock, Logger } from "@understudy/kernel";
import {
  UnderstudyError,
  type Flavour,
  type QuarantineManifest,
  type QuarantineReport,
} from "@understudy/protocol";
import { AppliedMarks } from "./applied-marks.ts";
import { ReportBuilder } from "./report-builder.ts";
import { SegmentPlayer } from "./segment-player.ts";
import { Staging } from "./staging.ts";
import { TransactionPlayer, type PlayerOptions } from "./transaction-player.ts";

/** What {@link applyQuarantined} needs. */
export interface ApplyQuarantinedOptions {
  /** The entry, from wherever it lies. */
  readonly entry: {
    readonly manifest: QuarantineManifest;
    /** The raw file. */
    readonly raw: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  };
  /** Opens a session on the current master with full rights, several statements in one packet allowed. Called twice. */
  readonly connect: (signal: AbortSignal) => Promise<ApplierConnection>;
  readonly flavour: Flavour;
  /** `check` rolls everything back; it holds the locks of all rows that it touches until its end. */
  readonly mode: "check" | "apply";
  /** After a conflict, which rolls its own transaction back: `stop` leaves the rest alone, `skip` goes on. */
  readonly onConflict: "stop" | "skip";
  /** How long another session's lock is waited for before that is a conflict. Default 5. */
  readonly lockWaitSeconds?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const LOCK_WAIT_SECONDS = 5;
const LOST_SESSION_SECONDS = 2;
const SESSION_LOCK = "understudy.quarantine";

/**
 * Applies an entry's transactions on the current master, each as one new transaction under a GTID of the master's own, in their order. A
 * transaction is applied only where the rows that it changes are as it found them. Applied ones are marked in the same
 * transaction, so that this may be called again after whatever happened: what is done is skipped.
 *
 * Resolves with what became of each; a conflict is no error. Throws `quarantine-whole-copy`, `invalid-request` (another flavour), `job-running` (it is being applied
 * by another session), `deadlock` (a check only), `database-unavailable` and `binlog-corrupt`: what was committed until then stays.
 */
export async function applyQuarantined(options: ApplyQuarantinedOptions): Promise<QuarantineReport> {
  const { manifest } = options.entry;
  const { flavour, mode, onConflict, clock, signal } = options;
  if (manifest.kind === "whole-copy") {
    throw new UnderstudyError(
      "quarantine-whole-copy",
      `the entry ${manifest.id} is a copy of all data that ${manifest.node} had, whose own transactions could not be told apart: there is nothing to apply. Its listing says how to look into it`,
    );
  }
  if (manifest.flavour !== flavour) {
    throw new UnderstudyError(
      "invalid-request",
      `the entry comes from ${manifest.flavour}, and this master is ${flavour}`,
    );
  }
  const startedAt = new Date(clock.nowMs()).toISOString();
  const report = new ReportBuilder();
  using session = await open(options);
  using stagingSession = await open(options);
  // what hangs in the server ends with its connection
  const end = (): void => {
    session[Symbol.dispose]();
    stagingSession[Symbol.dispose]();
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    await takeLock(session);
    const marks = new AppliedMarks(session, manifest.digest);
    await marks.ensure();
    await using staging = await Staging.open(stagingSession);
    const segments = new SegmentPlayer(session, staging, manifest);
    try {
      await playAll(options, { flavour, mode, session, segments, marks }, report);
    } finally {
      // staged rows are only let go of when nothing compares with them any more
      await settle(session.end("ROLLBACK"));
      await settle(session.ask(`SELECT RELEASE_LOCK('${SESSION_LOCK}')`));
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ServerError ? unavailable(error) : error;
  } finally {
    signal.removeEventListener("abort", end);
  }
  const endedAt = new Date(clock.nowMs()).toISOString();
  return report.build({ entry: manifest.id, mode, onConflict, startedAt, endedAt });
}

async function playAll(
  options: ApplyQuarantinedOptions,
  player: PlayerOptions,
  report: ReportBuilder,
): Promise<void> {
  const { signal } = options;
  const events = readEventStream(options.entry.raw(signal));
  let current: TransactionPlayer | null = null;
  let gtid = "";
  for await (const parts of groupTransactions(options.flavour, events)) {
    for (const part of parts) {
      signal.throwIfAborted();
      if (part.kind === "format") await takeFormat(player, part.event);
      if (part.kind === "begin") {
        gtid = part.header.gtid;
        const isStopped = options.onConflict === "stop" && report.conflicts > 0;
        current = isStopped ? null : new TransactionPlayer(player, part.header);
        await current?.begin(part.header);
      }
      if (part.kind === "event" || part.kind === "end") await take(current, part, options.flavour);
      if (part.kind === "end") await finish(current, gtid, report);
    }
  }
}

/** Before the first transaction, and where the node's server became another version in between. */
async function takeFormat({ mode, session, segments }: PlayerOptions, event: BinlogEvent): Promise<void> {
  if (mode === "check") await session.end("ROLLBACK");
  await segments.format(event);
  if (mode === "check") await session.ask("START TRANSACTION");
}

async function take(
  player: TransactionPlayer | null,
  part: Extract<TransactionPart, { readonly kind: "event" | "end" }>,
  flavour: Flavour,
): Promise<void> {
  if (player === null) return;
  if (part.event.type !== EVENT_TYPE.transactionPayload) return player.add(part.event);
  for await (const batch of expandEventInBatches(part.event, flavour)) {
    for (const event of batch) await player.add(event);
  }
}

async function finish(player: TransactionPlayer | null, gtid: string, report: ReportBuilder): Promise<void> {
  if (player === null) return report.skipped(gtid, "it was not tried, since one before it is in conflict");
  const played = await player.end();
  switch (played.kind) {
    case "applied":
      return report.applied(gtid, played.unchecked);
    case "skipped":
      return report.skipped(gtid, played.reason);
    case "conflict":
      return report.conflict(gtid, played.conflict);
    default:
      return played satisfies never;
  }
}

function open(options: ApplyQuarantinedOptions): Promise<ReplaySession> {
  const { flavour, connect, logger, signal } = options;
  const lockWaitSeconds = options.lockWaitSeconds ?? LOCK_WAIT_SECONDS;
  return openReplaySession({ flavour, connect, lockWaitSeconds, logger, signal });
}

async function takeLock(session: ReplaySession): Promise<void> {
  // a session that was lost may be on its way out
  const [row] = await session.ask(`SELECT GET_LOCK('${SESSION_LOCK}', ${LOST_SESSION_SECONDS})`);
  if (row?.[0] === "1") return;
  throw new UnderstudyError("job-running", "a quarantine entry is being applied already; wait for its end");
}

/** The first error is the one that counts. */
async function settle(answer: Promise<unknown>): Promise<void> {
  await answer.then(undefined, () => undefined);
}

function unavailable(error: ServerError): UnderstudyError {
  return new UnderstudyError("database-unavailable", `the master does not apply now: ${error.message}`, {
    cause: error,
  });
}
