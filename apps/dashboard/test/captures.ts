import type { ViewContext } from "../src/app/view-context.ts";

/**
 * What `docs/dashboard.md` shows of a view beside the recorded cluster, by the view's id: puts into its state what its `load` would have
 * brought. A view without an entry is shown as it begins.
 */
export const PREPARE_CAPTURE: Readonly<Record<string, (context: ViewContext) => void>> = {};

/** The sizes of the captures. */
export const CAPTURE_SIZES = [
  { columns: 80, rows: 24 },
  { columns: 140, rows: 40 },
] as const;
