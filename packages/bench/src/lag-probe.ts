import { systemClock, systemRandom } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { SqlSession } from "./sql-session.ts";
import { TABLES } from "./workload.ts";

/** A probe that is not seen within this time ends the measurement. */
const PROBE_TIMEOUT_MS = 30_000;
const PAUSE_MIN_MS = 5;
const PAUSE_SPREAD_MS = 10;

let probesGiven = 0;

/**
 * Measures lag for as long as `isOver` says no: writes a row to the source, and from the moment when its commit is confirmed asks the
 * replica for that row, again and again without a pause, until it is there. Between two probes it pauses for 5 to 15 ms, so that the
 * asking costs the replica little. Returns milliseconds by this process's monotonic clock, one value a probe; each holds
 * at least one round trip to the replica.
 */
export async function probeLag(
  sessions: { readonly source: SqlSession; readonly replica: SqlSession },
  isOver: () => boolean,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const { source, replica } = sessions;
  const lagsMs: number[] = [];
  while (!isOver()) {
    const id = ++probesGiven;
    await source.run(`INSERT INTO ${TABLES.probes} VALUES (${id})`);
    const committedMs = systemClock.monotonicMs();
    lagsMs.push((await seenAtMs(replica, { id, committedMs })) - committedMs);
    await systemClock.sleep(PAUSE_MIN_MS + systemRandom() * PAUSE_SPREAD_MS, signal);
  }
  return lagsMs;
}

async function seenAtMs(
  replica: SqlSession,
  probe: { readonly id: number; readonly committedMs: number },
): Promise<number> {
  for (;;) {
    const rows = await replica.rows(`SELECT id FROM ${TABLES.probes} WHERE id = ${probe.id}`);
    const nowMs = systemClock.monotonicMs();
    if (rows.length > 0) return nowMs;
    if (nowMs - probe.committedMs > PROBE_TIMEOUT_MS) {
      throw new UnderstudyError(
        "timeout",
        `a row was not on the replica ${PROBE_TIMEOUT_MS / 1000} s after its commit`,
      );
    }
  }
}
