/** From here on all panes have a place below each other. */
const ALL_FROM_ROWS = 30;

/** Lines of each part; a pane that is not shown has none. */
export interface FailoverLayout {
  readonly job: number;
  readonly panes: readonly [plan: number, quarantine: number, history: number];
}

/**
 * Shares `rows` out: a line for the panes' titles, up to half for a switchover, and the rest for the pane that has the focus, or for
 * all of them, each with a title line, on tall screens.
 */
export function failoverLayout(
  rows: number,
  content: { readonly pane: number; readonly job: number; readonly plan: number; readonly entries: number },
): FailoverLayout {
  const job = Math.min(content.job, Math.max(2, Math.floor((rows - 1) / 2)));
  const left = rows - 1 - job;
  if (rows < ALL_FROM_ROWS) {
    const only = (pane: number): number => (content.pane === pane ? left : 0);
    return { job, panes: [only(0), only(1), only(2)] };
  }
  const plan = Math.min(content.plan, Math.floor(left / 2));
  const quarantine = Math.min(Math.max(2, content.entries + 2), Math.floor((left - plan - 2) / 2));
  return { job, panes: [plan, quarantine, left - plan - quarantine - 2] };
}
