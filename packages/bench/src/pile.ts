import type { DatabaseServer } from "@understudy/database-server";
import { SqlSession } from "./sql-session.ts";
import { MixedLane, takeLanes } from "./workload.ts";

/** Writers at a time, so that the source commits in groups, as it does under a real load, and parallel replicas find work. */
const WRITERS = 8;

/** Writes `count` mixed small transactions to the source, as fast as it takes them. */
export async function writePile(source: DatabaseServer, count: number, signal: AbortSignal): Promise<void> {
  let left = count;
  const write = async (laneNumber: number): Promise<void> => {
    await using session = await SqlSession.open(source);
    const lane = new MixedLane(laneNumber);
    while (left > 0) {
      left--;
      signal.throwIfAborted();
      await session.run(lane.next());
    }
  };
  await Promise.all(takeLanes(WRITERS).map(write));
}
