import { duration } from "../state/wording.ts";

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;
const LEVELS = "▁▂▃▄▅▆▇█";

/** A bar of `width` cells for `share` (0 to 1), and the percentage behind it. */
export function progressBar(share: number, width: number): string {
  const whole = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
  const room = Math.max(1, width - 7);
  const eighths = Math.round(whole * room * 8);
  const bar = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
  return `▕${bar.padEnd(room, "·")}▏${String(Math.floor(whole * 100)).padStart(3)}%`;
}

/** The latest values as `width` bars, scaled to the greatest of them; blanks before the first. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width <= 0 ? [] : values.slice(-width);
  const top = Math.max(...shown, Number.EPSILON);
  const bars = shown.map((value) => {
    const level = value <= 0 ? 0 : Math.max(1, Math.round((value / top) * (LEVELS.length - 1)));
    return LEVELS.charAt(level);
  });
  return bars.join("").padStart(width);
}

/** What is known of a thing that grows: one sample for each time it was seen. */
export interface Sample {
  /** Monotonic. */
  readonly atMs: number;
  readonly done: number;
}

/** Rate and time left by the samples' first and last: `4.0 MB/s, 12 s left`; empty while that can't be known. */
export function paceWords(
  samples: readonly Sample[],
  total: number,
  unit: (amount: number) => string,
): string {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs <= first.atMs) return "";
  const perMs = (last.done - first.done) / (last.atMs - first.atMs);
  if (perMs <= 0) return "";
  const left = Math.max(0, total - last.done) / perMs;
  return `${unit(perMs * 1_000)}/s, ${duration(left)} left`;
}

/** Bytes in at most eight characters: `512 B`, `4.2 MB`. */
export function bytesInWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"] as const;
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? "B"}`;
}
