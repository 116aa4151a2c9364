import { BackgroundLoop, ChangeSignal, messageOf } from "@understudy/kernel";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { ViewContext, type Now, type Services, type Size } from "../app/view-context.ts";
import { initialState } from "../state/dashboard-state.ts";
import { DashboardStore } from "../state/dashboard-store.ts";
import { ActionRunner } from "./action-runner.ts";
import type { DashboardWorld, Source } from "./dashboard-world.ts";
import { EventBatch } from "./event-batch.ts";
import { followCluster } from "./follow-cluster.ts";
import { followEvents } from "./follow-events.ts";

/** A dashboard's life outside of what is drawn: its store, the loops that listen, the calls under way. */
export interface Dashboard {
  readonly store: DashboardStore;
  /** Ends a wait for the next round, and for the view's next load. */
  readonly hurry: ChangeSignal;
  /** A context for keys and views; `area` is what the view may fill. */
  readonly contextFor: (place: { readonly area: Size; readonly now: Now }) => ViewContext;
}

/** Makes the dashboard of `world`, and follows the cluster for as long as the component lives. */
export function useDashboard(world: DashboardWorld, leave: () => void): Dashboard {
  const [parts] = useState(() => createParts(world, leave));
  const { store, hurry, runner, attached } = parts;
  useSyncExternalStore(store.subscribe, store.getState);
  useEffect(() => {
    const { clock, random } = world;
    const intervalMs = (): number => world.settings.read().pollMs;
    const batch = new EventBatch(clock, (heard) => store.dispatch({ kind: "heard", heard }));
    const loop = new BackgroundLoop(
      async (signal) => {
        await using source = world.openSource();
        attached.source = source;
        const heard = (action: Parameters<EventBatch["add"]>[0]): void => batch.add(action, signal);
        const streamed = "events" in source && source.events ? { events: source.events.bind(source) } : null;
        await Promise.all([
          followCluster({ source, clock, random, hurry, intervalMs, dispatch: heard }, signal),
          ...(streamed ? [followEvents({ source: streamed, clock, heard }, signal)] : []),
        ]);
      },
      (error) =>
        store.dispatch({
          kind: "heard",
          heard: [{ kind: "unreachable", trouble: `the dashboard has a defect: ${messageOf(error)}` }],
        }),
    );
    return () => {
      runner.cancel();
      endInBackground(loop);
    };
  }, [world, store, hurry, runner, attached]);
  const contextFor = useCallback(
    (place: { readonly area: Size; readonly now: Now }) =>
      new ViewContext({ store, services: parts.services, isReadOnly: world.isReadOnly, ...place }),
    [store, parts, world],
  );
  return { store, hurry, contextFor };
}

/** React does not wait for a clean-up; a loop's disposal is bounded and does not reject. */
export function endInBackground(loop: AsyncDisposable): void {
  Promise.resolve(loop[Symbol.asyncDispose]()).catch(() => undefined);
}

function createParts(world: DashboardWorld, leave: () => void) {
  const store = new DashboardStore(initialState(world.startView, world.theme));
  const hurry = new ChangeSignal();
  const attached: { source: Source | null } = { source: null };
  const node: Services["node"] = () => attached.source?.node ?? null;
  const openNode: Services["openNode"] = (url) => attached.source?.openNode?.(url) ?? null;
  const monotonicMs = (): number => world.clock.monotonicMs();
  const runner: ActionRunner = new ActionRunner({
    node,
    openNode,
    dispatch: (ui) => store.dispatch({ kind: "ui", ui }),
    // An answer is not drawn by itself: what it opens knows its area when it is.
    context: () =>
      new ViewContext({
        store,
        services,
        isReadOnly: world.isReadOnly,
        area: { columns: 80, rows: 20 },
        now: { wallMs: world.clock.nowMs(), monotonicMs: monotonicMs() },
      }),
    monotonicMs,
  });
  const services: Services = {
    node,
    openNode,
    attach: (url) => {
      attached.source?.attach?.(url);
      hurry.notify();
    },
    run: runner.run,
    cancelRuns: runner.cancel,
    refresh: () => hurry.notify(),
    leave,
    settings: world.settings,
    nodes: world.nodes,
    facts: world.facts,
    monotonicMs,
    isColourless: world.isColourless,
  };
  return { store, hurry, attached, runner, services };
}
