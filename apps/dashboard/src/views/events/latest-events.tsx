import type { ClusterEvent } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import { TonedText } from "../../theme/toned-text.tsx";
import { timeOfDay, type Tone } from "../../state/wording.ts";

/** How an event strikes the eye; its kind stands beside it. */
export const EVENT_TONES: Readonly<Partial<Record<ClusterEvent["kind"], Tone>>> = {
  error: "bad",
  "replication-broken": "bad",
  warning: "notice",
};

/** The latest events, the newest first. */
export function LatestEvents({
  events,
  rows,
}: {
  readonly events: readonly ClusterEvent[];
  readonly rows: number;
}): ReactNode {
  if (rows <= 0) return null;
  const latest = events.slice(-rows).toReversed();
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Box height={1}>
        <TonedText tone="quiet">{latest.length === 0 ? "no events" : "events"}</TonedText>
      </Box>
      {latest.map((event) => (
        <Box key={`${event.id} ${event.time}`} height={1}>
          <TonedText tone={EVENT_TONES[event.kind] ?? "plain"}>
            {`${timeOfDay(event.time)} ${event.nodeId} ${event.kind}: ${event.message}`}
          </TonedText>
        </Box>
      ))}
    </Box>
  );
}
