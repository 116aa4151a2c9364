import type { Election } from "@understudy/election";
import {
  anySignal,
  backoffMs,
  DeadlinePassed,
  orAbort,
  withDeadline,
  type Clock,
  type Random,
} from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { JobProgress } from "../jobs/job-board.ts";
import type { MasterRole } from "../roles/master-role.ts";

/** What {@link runSwitchover} needs. */
export interface SwitchoverOptions {
  readonly role: MasterRole;
  readonly election: Election;
  readonly to: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** How far behind the target may be, in ms of catching up, before writes are held. Default 5 s. */
  readonly closeByMs?: number;
}

/** Clients wait no longer for their writes than this. */
const DRAIN_MS = 5000;
/** Interactive transactions that are open get this long to end by themselves. */
const TRANSACTIONS_MS = 2000;
const CATCH_UP_MS = 5000;
/** Nodes tell of themselves once a second. */
const CANDIDACY_MS = 3000;
const LOOK_MS = 50;
/** A database server that died is back by then, or the lead is given up. */
const REOPEN_MS = 10_000;
const REOPEN_BACKOFF = { baseMs: 50, maxMs: 500 } as const;

/**
 * Hands the lead over while writes wait: none is refused, none is lost. Until the hand-over itself a failure leaves everything as it
 * was, and so does a cancellation; after it there is none. Throws what stood in the way.
 */
export async function runSwitchover(progress: JobProgress, given: SwitchoverOptions): Promise<void> {
  const { role, election, to, clock } = given;
  const signal = anySignal(given.signal, progress.cancelled);
  const options = { ...given, signal };
  await progress.step("check", async (tell) => {
    await candidacy(options);
    checkTarget(options);
    // what is far behind would make writes wait for long
    await hasAll(options, options.closeByMs ?? CATCH_UP_MS);
    tell(`${to} follows closely`);
  });
  role.gate.hold();
  try {
    await progress.step("hold writes and let those under way end", (tell) => drain(options, tell));
    await progress.step("make the database server read-only", () => role.closeServer());
    await progress.step(`wait until ${to} has everything`, () => hasAll(options, CATCH_UP_MS));
    progress.passNoReturn();
    await progress.step("hand the lead over", () =>
      withDeadline({ clock, ms: DRAIN_MS, signal }, (bounded) => election.handOver(to, bounded)),
    );
  } catch (error) {
    if (goesOn(options, error)) await takeWritesAgain(progress, options);
    throw error;
  }
}

/** Resolves when the store shows that the target has data, or a while later: who has just joined follows before it has told so. */
async function candidacy({ role, election, to, clock, signal }: SwitchoverOptions): Promise<void> {
  if (election.kind === "static") return;
  for (let waitedMs = 0; waitedMs < CANDIDACY_MS; waitedMs += LOOK_MS) {
    const hasTold = election.state?.members.get(to)?.hasHistory ?? false;
    if (hasTold || !role.members.inSync().following.includes(to)) return;
    await clock.sleep(LOOK_MS, signal);
  }
}

/** Throws `promotion-blocked`. */
function checkTarget({ role, election, to }: SwitchoverOptions): void {
  if (election.kind === "static") {
    if (role.members.inSync().following.includes(to)) return;
    throw new UnderstudyError("promotion-blocked", `${to} is no slave that follows at the moment`);
  }
  const member = election.state?.members.get(to);
  if (!member) throw new UnderstudyError("promotion-blocked", `etcd knows of no node ${to} that is up`);
  if (!member.hasHistory)
    throw new UnderstudyError(
      "promotion-blocked",
      `${to} can't take the lead: it has no data of the cluster`,
    );
  if (member.unfit !== null)
    throw new UnderstudyError("promotion-blocked", `${to} can't take the lead: ${member.unfit}`);
}

async function drain(
  { role, clock, signal }: SwitchoverOptions,
  tell: (detail: string) => void,
): Promise<void> {
  const open = role.transactions.openCount;
  if (open > 0) {
    tell(`${open} interactive transactions are open`);
    try {
      await withDeadline({ clock, ms: TRANSACTIONS_MS, signal }, (bounded) =>
        role.transactions.allEnded(bounded),
      );
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
      tell(`${role.transactions.openCount} interactive transactions did not end in time and are rolled back`);
    }
  }
  await withDeadline({ clock, ms: DRAIN_MS, signal }, (bounded) => role.gate.drained(bounded));
}

async function hasAll({ role, to, clock, signal }: SwitchoverOptions, ms: number): Promise<void> {
  try {
    await withDeadline({ clock, ms, signal }, (bounded) => role.acked({ members: [to], acks: 1 }, bounded));
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new UnderstudyError("promotion-blocked", `${to} did not catch up within ${ms} ms`);
  }
}

/** Before the hand-over the old master simply goes on; after it, or where that can't be told, the election decides. */
function goesOn({ role, election }: SwitchoverOptions, error: unknown): boolean {
  if (role.reads.ended.aborted) return false;
  try {
    election.checkLeads(role.epoch);
  } catch {
    // the election ends the role
    return false;
  }
  if (error instanceof UnderstudyError && error.code === "coordination-unavailable") {
    election.hurry();
    return false;
  }
  return true;
}

/** Does not fail: a server that can't be had any more costs this node the lead, and one that only won't be opened refuses the writes itself. */
async function takeWritesAgain(progress: JobProgress, options: SwitchoverOptions): Promise<void> {
  const { role } = options;
  try {
    await progress.step("take writes again", () => orAbort(reopen(options), role.reads.ended));
  } catch {
    // the step tells it
  }
  role.gate.release();
}

/** Tries until the server takes writes again. Throws what stood in the way for too long. */
async function reopen({ role, clock, random }: SwitchoverOptions): Promise<void> {
  const lastMs = clock.monotonicMs() + REOPEN_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      await role.openServer();
      return;
    } catch (error) {
      if (role.reads.ended.aborted || clock.monotonicMs() > lastMs) throw error;
    }
    await clock.sleep(backoffMs(attempt, REOPEN_BACKOFF, random), role.reads.ended);
  }
}
