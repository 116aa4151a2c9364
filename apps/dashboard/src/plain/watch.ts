import { ChangeSignal, isAbortOf, systemClock, systemRandom } from "@understudy/kernel";
import type { ClusterSource } from "../live/cluster-source.ts";
import { followCluster } from "../live/follow-cluster.ts";
import { EXIT_CODES } from "../state/verdict.ts";
import { changeLines, NOTHING_WATCHED } from "./change-lines.ts";

/** Prints a line of JSON for each change until `signal` aborts; resolves with the exit code of what was seen last. */
export async function watch(source: ClusterSource, signal: AbortSignal): Promise<number> {
  let watched = NOTHING_WATCHED;
  try {
    await followCluster(
      {
        source: { ask: (ended) => source.ask(ended) },
        clock: systemClock,
        random: systemRandom,
        hurry: new ChangeSignal(),
        intervalMs: () => 1_000,
        dispatch: (action) => {
          const told = changeLines(watched, action, new Date(systemClock.nowMs()).toISOString());
          watched = told.watched;
          for (const line of told.lines) process.stdout.write(`${line}\n`);
        },
      },
      signal,
    );
  } catch (error) {
    if (!isAbortOf(error, signal)) throw error;
  }
  return EXIT_CODES[watched.verdict];
}
