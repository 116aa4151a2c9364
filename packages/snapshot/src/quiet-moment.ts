import { systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { ServerRow, ServerSession } from "./server-session.ts";

/** A statement that has run for so long may go on for as long again. */
const LONG_SECONDS = 3;
const LOOK_EVERY_MS = 500;
const PATIENCE_MS = 60_000;
/** Commands that run a person's statement; connections of replication are always under way and hold nothing up. */
const STATEMENTS: ReadonlySet<string> = new Set(["Query", "Execute"]);

/**
 * Waits until no statement has been running for 3 s or more. MySQL takes its snapshot under a lock that waits for all statements under
 * way, and holds up those behind it meanwhile: on tables that a long one reads, even after the lock was given up. Throws
 * `snapshot-failed` after a minute.
 */
export async function waitForQuietMoment(session: ServerSession, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const long = (await session.rows("SHOW FULL PROCESSLIST")).find(isLong);
    if (!long) return;
    if (waitedMs >= PATIENCE_MS) {
      throw new UnderstudyError(
        "snapshot-failed",
        `no snapshot can begin without holding up others while a statement of ${String(long["User"])} has been running for ${String(long["Time"])} s; try again when it has ended`,
      );
    }
    await systemClock.sleep(LOOK_EVERY_MS, signal);
  }
}

function isLong(row: ServerRow): boolean {
  return STATEMENTS.has(String(row["Command"])) && Number(row["Time"]) >= LONG_SECONDS;
}
