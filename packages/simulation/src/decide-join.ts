import type { JoinRequest } from "./messages.ts";
import type { Transaction } from "./sim-database.ts";

/**
 * A small model of how a master judges who joins: what a slave has must lie before the beginning of the first epoch of which its data
 * does not know, and its last transaction must be this history's at that place. Positions alone would not do: numbers are used again
 * after a rebuild (MySQL) or by another server (MariaDB).
 */
export function decideJoin(history: readonly Transaction[], request: JoinRequest): "deliver" | "errant" {
  const { dataEpoch, length, lastGtid } = request;
  if (length === 0) return "deliver";
  const next = history.findIndex(({ beginsEpoch, epoch }) => beginsEpoch && epoch > dataEpoch);
  const end = next < 0 ? history.length : next;
  return length <= end && history[length - 1]?.gtid === lastGtid ? "deliver" : "errant";
}
