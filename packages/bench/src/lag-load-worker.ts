// A thread of its own, so that writing the load does not delay the measuring of the lag.
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "@understudy/kernel";
import type { LagLoadOptions } from "./lag-load.ts";
import { SqlSession } from "./sql-session.ts";
import { MixedLane } from "./workload.ts";

/** Writes at the planned times, those of the lanes interleaved; what is late is made up for at once. */
async function run(options: LagLoadOptions): Promise<number> {
  const { rate, durationMs, lanes } = options;
  const startMs = systemClock.monotonicMs();
  const counts = await Promise.all(
    lanes.map(async (laneNumber, index) => {
      await using session = await SqlSession.open({ url: options.url });
      const lane = new MixedLane(laneNumber);
      let count = 0;
      for (;;) {
        const dueMs = startMs + ((count * lanes.length + index) / rate) * 1000;
        const nowMs = systemClock.monotonicMs();
        if (dueMs - startMs >= durationMs || nowMs - startMs >= durationMs) return count;
        if (dueMs > nowMs) await systemClock.sleep(dueMs - nowMs);
        await session.run(lane.next());
        count++;
      }
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

parentPort?.postMessage(await run(workerData as LagLoadOptions));
