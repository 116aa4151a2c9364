import { useApp, useInput, useWindowSize } from "ink";
import type { ReactNode } from "react";
import { DashboardScreen, layoutFor } from "./dashboard-screen.tsx";
import { commandsOf } from "./key-bindings.ts";
import { useCluster, useNow, type DashboardWorld } from "./use-cluster.ts";

/** The live dashboard: state, keys and size of the terminal around {@link DashboardScreen}. */
export function Dashboard({ world }: { readonly world: DashboardWorld }): ReactNode {
  const { state, dispatch, refresh } = useCluster(world);
  const ticked = useNow(world.clock);
  const size = useWindowSize();
  const { exit } = useApp();
  useInput((input, key) => {
    const { memberRows } = layoutFor(state, size);
    for (const command of commandsOf(input, key)) {
      switch (command) {
        case "leave":
          exit();
          break;
        case "up":
        case "down":
          dispatch({ kind: "scroll", by: command === "up" ? -1 : 1, visible: memberRows });
          break;
        case "refresh":
          refresh();
          break;
        case "help":
          dispatch({ kind: "toggle-help" });
          break;
        default:
          command satisfies never;
      }
    }
  });
  // A snapshot is never newer than now, though it may be newer than the last tick.
  const atMs = state.snapshot?.atMs ?? 0;
  const aheadMs = Math.max(0, atMs - ticked.monotonicMs);
  const now = { wallMs: ticked.wallMs + aheadMs, monotonicMs: ticked.monotonicMs + aheadMs };
  return <DashboardScreen state={state} size={size} nodes={world.nodes} now={now} />;
}
