import {
  backoffMs,
  messageOf,
  sleepOrWake,
  type ChangeSignal,
  type Clock,
  type Random,
} from "@understudy/kernel";
import type { Job } from "@understudy/protocol";
import type { Round } from "./cluster-source.ts";
import type { ClusterAction } from "../state/cluster-state.ts";

/** Full jitter may say no wait at all. */
const RETRY_LEAST_MS = 500;
const BACKOFF = { baseMs: 1_000, maxMs: 10_000 } as const;

/** Options of {@link followCluster}. */
export interface FollowOptions {
  readonly source: {
    ask(signal: AbortSignal): Promise<Round>;
    jobs?(signal: AbortSignal): Promise<readonly Job[]>;
  };
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the wait for the next round. */
  readonly hurry: ChangeSignal;
  /** Between good rounds; asked before each wait. */
  readonly intervalMs: () => number;
  readonly dispatch: (action: ClusterAction) => void;
}

/** Asks at its interval, and less often while nobody answers, until the signal aborts. */
export async function followCluster(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { source, clock, random, hurry, intervalMs, dispatch } = options;
  for (let failures = 0; ;) {
    const hurried = hurry.next();
    try {
      const { snapshot, trouble } = await source.ask(signal);
      failures = 0;
      dispatch({ kind: "snapshot", snapshot, trouble });
      // The cluster is shown before its jobs are known.
      const jobs = await source.jobs?.(signal);
      if (jobs) dispatch({ kind: "jobs", url: snapshot.url, jobs });
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      dispatch({ kind: "unreachable", trouble: messageOf(error) });
    }
    const waitMs = failures === 0 ? intervalMs() : RETRY_LEAST_MS + backoffMs(failures - 1, BACKOFF, random);
    await sleepOrWake({ clock, ms: waitMs, woken: hurried, signal });
    signal.throwIfAborted();
  }
}
