/** How the lines of the overview are shared out. */
export interface OverviewLayout {
  readonly memberRows: number;
  readonly attentionRows: number;
  readonly workRows: number;
  readonly eventRows: number;
}

const EVENT_ROWS_MIN = 2;

/**
 * Shares `rows` out: what needs attention first (up to a quarter), then long work (up to a quarter), members, at least two
 * events, and the rest to events. A section costs a line for its heading; work has none.
 */
export function overviewLayout(
  rows: number,
  content: { readonly members: number; readonly attention: number; readonly work: number },
): OverviewLayout {
  const free = rows - 1;
  const quarter = Math.max(1, Math.floor(rows / 4));
  const attentionRows = Math.min(content.attention, quarter);
  const attentionCost = attentionRows === 0 ? 0 : attentionRows + 1;
  const workRows = Math.min(content.work, quarter);
  const left = free - attentionCost - workRows;
  const memberRows = Math.max(1, Math.min(content.members, left - EVENT_ROWS_MIN - 1));
  return { memberRows, attentionRows, workRows, eventRows: Math.max(0, left - memberRows - 1) };
}
