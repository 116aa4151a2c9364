import type { Clock } from "@understudy/kernel";
import type { ClusterEvent } from "@understudy/protocol";
import type { ClusterAction } from "../state/cluster-state.ts";

/** Between two tries; until then rounds bring the events. */
const AGAIN_MS = 2_000;

/** Options of {@link followEvents}. */
export interface FollowEventsOptions {
  readonly source: {
    events(signal: AbortSignal): AsyncIterable<{ readonly url: string; readonly event: ClusterEvent }>;
  };
  readonly clock: Clock;
  readonly heard: (action: ClusterAction) => void;
}

/** Hands on events as they come, and opens the stream again when it ends, until the signal aborts. */
export async function followEvents(options: FollowEventsOptions, signal: AbortSignal): Promise<void> {
  const { source, clock, heard } = options;
  for (;;) {
    try {
      for await (const { url, event } of source.events(signal))
        heard({ kind: "events", url, events: [event] });
    } catch {
      // Why it broke is told by the next round, which asks the same node.
      signal.throwIfAborted();
    }
    await clock.sleep(AGAIN_MS, signal);
  }
}
