import type { ClusterView } from "@understudy/protocol";
import { ViewContext, type Size } from "../src/app/view-context.ts";
import type { StartFacts } from "../src/live/dashboard-world.ts";
import { memorySettings } from "../src/settings/settings-store.ts";
import { initialState } from "../src/state/dashboard-state.ts";
import { DashboardStore } from "../src/state/dashboard-store.ts";
import { RECORDED_AT_MS, RECORDED_EVENTS, recordedView } from "./recorded-cluster.ts";

/** What a recorded context may be told. */
export interface RecordedContextOptions {
  readonly viewId?: string;
  /** Null: nothing was heard yet. Default: the recorded cluster. */
  readonly view?: ClusterView | null;
  /** Heard a second before. */
  readonly before?: ClusterView;
  readonly trouble?: string;
  readonly ageMs?: number;
  readonly area?: Size;
  readonly isReadOnly?: boolean;
  readonly facts?: Partial<StartFacts>;
}

/** A context for drawing a view or pressing keys, over the recorded cluster; calls of the API go nowhere. */
export function contextOf(options: RecordedContextOptions): ViewContext {
  const { viewId = "menu", view = recordedView(), ageMs = 0 } = options;
  const store = new DashboardStore(initialState(viewId, "none"));
  const url = "http://127.0.0.1:8083";
  const heard = (one: ClusterView, atMs: number): void =>
    store.dispatch({
      kind: "heard",
      heard: [
        {
          kind: "snapshot",
          snapshot: { url, view: one, events: RECORDED_EVENTS, isWhole: true, atMs },
          trouble: null,
        },
      ],
    });
  if (options.before) heard(options.before, 0);
  if (view) heard(view, 1_000);
  if (options.trouble !== undefined) {
    store.dispatch({ kind: "heard", heard: [{ kind: "unreachable", trouble: options.trouble }] });
  }
  return new ViewContext({
    store,
    services: {
      node: () => null,
      openNode: () => null,
      attach: () => undefined,
      run: () => undefined,
      cancelRuns: () => undefined,
      refresh: () => undefined,
      leave: () => undefined,
      settings: memorySettings(),
      nodes: [url],
      facts: { version: "0.1.0", tokenFile: null, caFile: null, ...options.facts },
      monotonicMs: () => 1_000 + ageMs,
    },
    isReadOnly: options.isReadOnly ?? false,
    area: options.area ?? { columns: 80, rows: 18 },
    now: { wallMs: RECORDED_AT_MS, monotonicMs: 1_000 + ageMs },
  });
}
