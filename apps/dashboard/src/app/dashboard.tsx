import { useApp, useInput, usePaste, useWindowSize } from "ink";
import type { ReactNode } from "react";
import { keyPressesOf } from "../keys/key-press.ts";
import type { DashboardWorld } from "../live/dashboard-world.ts";
import { useDashboard } from "../live/use-dashboard.ts";
import { useNow } from "../live/use-now.ts";
import { useViewLoad } from "../live/use-view-load.ts";
import { ThemeContext } from "../theme/toned-text.tsx";
import { viewOf } from "../views/all-views.ts";
import { DashboardScreen, viewAreaOf } from "./dashboard-screen.tsx";
import { dispatchKey, dispatchPaste } from "./dispatch-key.ts";

/** The live dashboard: state, keys and size of the terminal around {@link DashboardScreen}. */
export function Dashboard({ world }: { readonly world: DashboardWorld }): ReactNode {
  const { exit } = useApp();
  const dashboard = useDashboard(world, exit);
  const ticked = useNow(world.clock);
  const size = useWindowSize();
  const { cluster, ui } = dashboard.store.getState();
  // A snapshot is never newer than now, though it may be newer than the last tick.
  const aheadMs = Math.max(0, (cluster.snapshot?.atMs ?? 0) - ticked.monotonicMs);
  const now = { wallMs: ticked.wallMs + aheadMs, monotonicMs: ticked.monotonicMs + aheadMs };
  const context = dashboard.contextFor({ area: viewAreaOf(size), now });
  useInput((input, key) => {
    for (const press of keyPressesOf(input, key)) dispatchKey(press, context);
  });
  usePaste((text) => dispatchPaste(text, context));
  useViewLoad(viewOf(ui.view), context, { clock: world.clock, hurry: dashboard.hurry });
  return (
    <ThemeContext.Provider value={world.isColourless ? "mono" : ui.theme}>
      <DashboardScreen context={context} size={size} />
    </ThemeContext.Provider>
  );
}
