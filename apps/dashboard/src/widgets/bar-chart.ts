const EIGHTHS = " ▁▂▃▄▅▆▇█";

/** The latest values as bars of `height` lines, scaled to the greatest of them; the newest is on the right. */
export function barChart(
  values: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): string[] {
  const shown = width <= 0 ? [] : values.slice(-width);
  const top = Math.max(...shown, Number.EPSILON);
  // What is there at all is seen: an eighth at least.
  const eighths = shown.map((value) =>
    value <= 0 ? 0 : Math.max(1, Math.round((value / top) * height * 8)),
  );
  return Array.from({ length: Math.max(0, height) }, (_, index) => {
    const below = (height - 1 - index) * 8;
    const line = eighths.map((value) => EIGHTHS.charAt(Math.max(0, Math.min(8, value - below))));
    return line.join("").padStart(Math.max(0, width));
  });
}
