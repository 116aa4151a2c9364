import { readExecutedPosition, type GtidPosition } from "@understudy/binlog";
import { systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { Replica } from "./replica.ts";
import { SqlSession } from "./sql-session.ts";
import type { Testbed } from "./testbed.ts";

/** How often a replica is asked: short beside what is measured in seconds, and too rare to cost the replica anything. */
const POLL_MS = 5;

/** Where the source's history ends now. */
async function sourcePosition(bed: Testbed): Promise<GtidPosition> {
  return readExecutedPosition(bed.session, bed.flavour);
}

/** How long a replica took for what waited in the source's binlog. */
export interface CatchUpTimes {
  /** From the order to start until its first transaction was seen: start of processes, connections, registration. */
  readonly toFirstMs: number;
  /** From then until its last one was seen. */
  readonly applyMs: number;
}

/** Starts a replica and waits until it has all that the source has now. Throws `timeout`. */
export async function startAndCatchUp(
  bed: Testbed,
  replica: Replica,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<CatchUpTimes> {
  const goal = await sourcePosition(bed);
  await using session = await SqlSession.open(replica.database);
  const from = await readExecutedPosition(session, bed.flavour);
  const startedMs = systemClock.monotonicMs();
  const [times] = await Promise.all([
    watch(session, { bed, replica, from, goal, startedMs, ...options }),
    replica.start(),
  ]);
  return times;
}

async function watch(
  session: SqlSession,
  options: {
    readonly bed: Testbed;
    readonly replica: Replica;
    readonly from: GtidPosition;
    readonly goal: GtidPosition;
    readonly startedMs: number;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<CatchUpTimes> {
  const { bed, from, goal, startedMs } = options;
  let firstMs: number | null = from.contains(goal) ? startedMs : null;
  for (;;) {
    const position = await readExecutedPosition(session, bed.flavour);
    const nowMs = systemClock.monotonicMs();
    if (firstMs === null && !position.equals(from)) firstMs = nowMs;
    if (firstMs !== null && position.contains(goal)) {
      return { toFirstMs: firstMs - startedMs, applyMs: nowMs - firstMs };
    }
    if (nowMs - startedMs > options.timeoutMs) {
      throw new UnderstudyError(
        "timeout",
        `${options.replica.name} was not in sync within ${options.timeoutMs / 1000} s: ${goal.countMissing(position) > 0 ? "it has what the source lacks; " : ""}${position.countMissing(goal)} transactions are missing`,
      );
    }
    await systemClock.sleep(POLL_MS, options.signal);
  }
}

/** Waits until a replica that runs has all that the source has now. Throws `timeout`. */
export async function waitForSync(
  bed: Testbed,
  replica: Replica,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const goal = await sourcePosition(bed);
  await using session = await SqlSession.open(replica.database);
  const from = await readExecutedPosition(session, bed.flavour);
  await watch(session, { bed, replica, from, goal, startedMs: systemClock.monotonicMs(), ...options });
}
