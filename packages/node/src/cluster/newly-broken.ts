import type { Member } from "@understudy/protocol";

/** Members that are `broken` now and were not before. */
export function newlyBroken(before: readonly Member[], now: readonly Member[]): readonly Member[] {
  const known = new Set(before.filter(({ state }) => state === "broken").map(({ nodeId }) => nodeId));
  return now.filter(({ state, nodeId }) => state === "broken" && !known.has(nodeId));
}
