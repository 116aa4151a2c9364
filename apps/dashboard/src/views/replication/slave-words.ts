import type { Lag, Member } from "@understudy/protocol";
import { duration } from "../../state/wording.ts";
import { bytesInWords } from "../../widgets/progress.ts";

type Queue = NonNullable<Member["queue"]>;

const MODES: Readonly<Record<Queue["mode"], string>> = {
  window: "served from the master's memory",
  "catch-up": "read from the master's binlog, since its memory no longer holds what is missing",
  idle: "nothing waits",
  paused: "nothing is delivered until it is resumed",
  stopped: "nothing is delivered until it has registered again, or tries again",
};

/** What a queue does for its slave, in words. */
export function queueInWords(queue: Queue | null): string {
  if (!queue) return "not known here: the master knows";
  const flight = queue.deliveriesInFlight;
  const way = flight === 0 ? "" : `; ${flight} ${flight === 1 ? "delivery" : "deliveries"} on the way`;
  return `${queue.mode}: ${MODES[queue.mode]}${way}`;
}

/** How far a slave is behind, each part that is known; `nothing` where it has all. */
export function behindInWords({ transactions, bytes, ms }: Lag): string {
  const parts = [
    transactions === null || transactions === 0
      ? null
      : `${transactions} ${transactions === 1 ? "transaction" : "transactions"}`,
    bytes === null || bytes === 0 ? null : bytesInWords(bytes),
    ms === null || ms === 0 ? null : duration(ms),
  ].filter((part) => part !== null);
  if (parts.length > 0) return parts.join(", ");
  return transactions === null && bytes === null && ms === null ? "not known" : "nothing";
}
