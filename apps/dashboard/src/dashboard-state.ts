import type { ClusterEvent, ClusterView } from "@understudy/protocol";

/** Events kept for the view. */
const EVENTS_MAX = 200;

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

/** All that the views show. */
export interface DashboardState {
  readonly snapshot: Omit<Snapshot, "events" | "isWhole"> | null;
  readonly events: readonly ClusterEvent[];
  /** Why there is nothing newer; null where the last round was good. */
  readonly trouble: string | null;
  /** That what is shown comes from another node than before, and why. */
  readonly moved: string | null;
  /** First member in sight. */
  readonly scroll: number;
  readonly isHelpOpen: boolean;
}

/** What can happen. */
export type DashboardAction =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot; readonly trouble: string | null }
  | { readonly kind: "unreachable"; readonly trouble: string }
  | { readonly kind: "scroll"; readonly by: number; readonly visible: number }
  | { readonly kind: "toggle-help" };

/** Before anything was heard. */
export const INITIAL_STATE: DashboardState = {
  snapshot: null,
  events: [],
  trouble: null,
  moved: null,
  scroll: 0,
  isHelpOpen: false,
};

/** The state after `action`. Pure. */
export function reduceDashboard(state: DashboardState, action: DashboardAction): DashboardState {
  switch (action.kind) {
    case "snapshot":
      return withSnapshot(state, action.snapshot, action.trouble);
    case "unreachable":
      return { ...state, trouble: action.trouble };
    case "scroll":
      return { ...state, scroll: scrolled(state, action.by, action.visible) };
    case "toggle-help":
      return { ...state, isHelpOpen: !state.isHelpOpen };
    default:
      return action satisfies never;
  }
}

function withSnapshot(state: DashboardState, snapshot: Snapshot, lost: string | null): DashboardState {
  const { url, view, atMs, events, isWhole } = snapshot;
  const before = state.snapshot?.url;
  const hasMoved = before !== undefined && before !== url;
  const moved = hasMoved ? `moved to ${url}${lost === null ? "" : `, since ${lost}`}` : state.moved;
  const all = isWhole || hasMoved ? events : [...state.events, ...events];
  const scroll = Math.min(state.scroll, Math.max(0, view.members.length - 1));
  return {
    ...state,
    snapshot: { url, view, atMs },
    events: all.slice(-EVENTS_MAX),
    trouble: null,
    moved,
    scroll,
  };
}

function scrolled(state: DashboardState, by: number, visible: number): number {
  const members = state.snapshot?.view.members.length ?? 0;
  return Math.min(Math.max(0, members - visible), Math.max(0, state.scroll + by));
}
