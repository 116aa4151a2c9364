/** Below this a sentence says so, and nothing else is shown. */
export const SMALLEST = { columns: 60, rows: 16 } as const;

/** How the lines of a screen are shared out. */
export interface Layout {
  readonly memberRows: number;
  readonly attentionRows: number;
  readonly eventRows: number;
}

/** Title, leader, the members' heading, the notice line, the key line. */
const FIXED_ROWS = 5;
const EVENT_ROWS_MIN = 2;

/**
 * Shares `rows` out: what needs attention first (up to a quarter of the screen), then members, at least two events, and
 * the rest to events. A section costs a line for its heading; one without content costs nothing.
 */
export function layoutOf(
  rows: number,
  content: { readonly members: number; readonly attention: number },
): Layout {
  const free = rows - FIXED_ROWS;
  const attentionRows = Math.min(content.attention, Math.floor(rows / 4));
  const attentionCost = attentionRows === 0 ? 0 : attentionRows + 1;
  const memberRows = Math.max(1, Math.min(content.members, free - attentionCost - EVENT_ROWS_MIN - 1));
  return { memberRows, attentionRows, eventRows: Math.max(0, free - attentionCost - memberRows - 1) };
}

/** Which part of a list is in sight: never beyond its end, so that no line stays empty without need. */
export function windowOf(count: number, scroll: number, visible: number): { from: number; to: number } {
  const from = Math.max(0, Math.min(scroll, count - visible));
  return { from, to: Math.min(count, from + visible) };
}
