import { renderToString } from "ink";
import { DashboardScreen, viewAreaOf } from "../src/app/dashboard-screen.tsx";
import type { ViewContext } from "../src/app/view-context.ts";
import { ThemeContext } from "../src/theme/toned-text.tsx";
import { contextOf, type RecordedContextOptions } from "./recorded-context.ts";

/** The lines of the whole screen over a recorded cluster, without colours and blanks at their ends. `prepare` may change its state first. */
export function drawScreen(
  columns: number,
  rows: number,
  options: RecordedContextOptions & { readonly prepare?: (context: ViewContext) => void } = {},
): string[] {
  const size = { columns, rows };
  const context = contextOf({ ...options, area: viewAreaOf(size) });
  options.prepare?.(context);
  const text = renderToString(
    <ThemeContext.Provider value="none">
      <DashboardScreen context={context} size={size} />
    </ThemeContext.Provider>,
    { columns },
  );
  return text.split("\n").map((line) => line.trimEnd());
}
