import type { ClusterEvent, ClusterView } from "@understudy/protocol";
import type { ClusterAction } from "../state/cluster-state.ts";
import { faultsOf, verdictOf } from "../state/verdict.ts";

/** What was printed last, and which events were. */
export interface Watched {
  /** The cluster's line without its time; empty while no node answers, null before anything was heard. */
  readonly line: string | null;
  readonly url: string | null;
  readonly lastEventId: number;
  readonly verdict: "healthy" | "degraded" | "unreachable";
}

/** Before anything was heard. */
export const NOTHING_WATCHED: Watched = { line: null, url: null, lastEventId: 0, verdict: "unreachable" };

/** The lines of NDJSON for what was heard: `cluster` where it is another than before, `event` for each, `unreachable` once. Pure. */
export function changeLines(
  watched: Watched,
  action: ClusterAction,
  time: string,
): { readonly watched: Watched; readonly lines: readonly string[] } {
  switch (action.kind) {
    case "unreachable": {
      const isNew = watched.line !== "";
      const lines = isNew ? [JSON.stringify({ time, kind: "unreachable", reason: action.trouble })] : [];
      return { watched: { ...watched, line: "", verdict: "unreachable" }, lines };
    }
    case "events":
      return withEvents(watched, action.events);
    case "jobs":
      return { watched, lines: [] };
    case "snapshot": {
      const { url, view, events, isWhole } = action.snapshot;
      const line = lineOf(url, view);
      const lines = line === watched.line ? [] : [`{"time":${JSON.stringify(time)},${line.slice(1)}`];
      // Another node has numbers of its own; what it had before is no change that was watched.
      const lastEventId =
        isWhole && watched.url !== url ? (events.at(-1)?.id ?? 0) : isWhole ? 0 : watched.lastEventId;
      const told = withEvents({ line, url, lastEventId, verdict: verdictOf(view) }, events);
      return { watched: told.watched, lines: [...lines, ...told.lines] };
    }
    default:
      return action satisfies never;
  }
}

function withEvents(
  watched: Watched,
  events: readonly ClusterEvent[],
): { watched: Watched; lines: readonly string[] } {
  const fresh = events.filter((event) => event.id > watched.lastEventId);
  const lastEventId = fresh.at(-1)?.id ?? watched.lastEventId;
  const lines = fresh.map(({ time, nodeId, kind, message }) =>
    JSON.stringify({ time, kind: "event", nodeId, event: kind, message }),
  );
  return { watched: { ...watched, lastEventId }, lines };
}

/** Only what a person would call a change: no positions, no lag. */
function lineOf(url: string, view: ClusterView): string {
  return JSON.stringify({
    kind: "cluster",
    verdict: verdictOf(view),
    seenFrom: view.self,
    url,
    epoch: view.epoch,
    leader: view.leader?.nodeId ?? null,
    members: view.members.map(({ nodeId, role, state }) => ({ nodeId, role, state })),
    faults: faultsOf(view),
  });
}
