import type { ClusterEvent, ClusterView, Job } from "@understudy/protocol";
import { withSamples, type MemberSeries } from "./member-series.ts";

/** Events kept for the views. */
const EVENTS_MAX = 1_000;

/** What one good round of questions brought. */
export interface Snapshot {
  /** The node that answered. */
  readonly url: string;
  readonly view: ClusterView;
  /** Events after those known of this node; `isWhole` where they are all that it has. */
  readonly events: readonly ClusterEvent[];
  readonly isWhole: boolean;
  /** Monotonic. */
  readonly atMs: number;
}

/** All that is known of the cluster. Bounded, however long it is watched. */
export interface ClusterState {
  readonly snapshot: Omit<Snapshot, "events" | "isWhole"> | null;
  /** The newest last. */
  readonly events: readonly ClusterEvent[];
  /** Long work of the node that answered, the newest first. */
  readonly jobs: readonly Job[];
  readonly series: ReadonlyMap<string, MemberSeries>;
  /** Why there is nothing newer; null where the last round was good. */
  readonly trouble: string | null;
  /** That what is shown comes from another node than before, and why. */
  readonly moved: string | null;
}

/** What can be heard of the cluster. */
export type ClusterAction =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot; readonly trouble: string | null }
  | { readonly kind: "events"; readonly url: string; readonly events: readonly ClusterEvent[] }
  | { readonly kind: "jobs"; readonly url: string; readonly jobs: readonly Job[] }
  | { readonly kind: "unreachable"; readonly trouble: string };

/** Before anything was heard. */
export const INITIAL_CLUSTER: ClusterState = {
  snapshot: null,
  events: [],
  jobs: [],
  series: new Map(),
  trouble: null,
  moved: null,
};

/** The state after `action`. Pure. */
export function reduceCluster(state: ClusterState, action: ClusterAction): ClusterState {
  switch (action.kind) {
    case "snapshot":
      return withSnapshot(state, action.snapshot, action.trouble);
    case "events":
      // Of another node than is shown now: its events will come as a whole.
      if (state.snapshot?.url !== action.url) return state;
      return { ...state, events: appended(state.events, action.events) };
    case "jobs":
      return state.snapshot?.url === action.url ? { ...state, jobs: action.jobs } : state;
    case "unreachable":
      return { ...state, trouble: action.trouble };
    default:
      return action satisfies never;
  }
}

function withSnapshot(state: ClusterState, snapshot: Snapshot, lost: string | null): ClusterState {
  const { url, view, atMs, events, isWhole } = snapshot;
  const before = state.snapshot?.url;
  const hasMoved = before !== undefined && before !== url;
  const moved = hasMoved ? `moved to ${url}${lost === null ? "" : `, since ${lost}`}` : state.moved;
  return {
    snapshot: { url, view, atMs },
    events: appended(isWhole || hasMoved ? [] : state.events, events),
    jobs: hasMoved ? [] : state.jobs,
    series: withSamples(state.series, view.members, atMs),
    trouble: null,
    moved,
  };
}

function appended(known: readonly ClusterEvent[], more: readonly ClusterEvent[]): readonly ClusterEvent[] {
  if (more.length === 0) return known.length > EVENTS_MAX ? known.slice(-EVENTS_MAX) : known;
  const last = known.at(-1)?.id ?? 0;
  // The stream and a round may both bring an event.
  const fresh = known.length === 0 ? more : more.filter((event) => event.id > last);
  return [...known.slice(-EVENTS_MAX), ...fresh].slice(-EVENTS_MAX);
}
