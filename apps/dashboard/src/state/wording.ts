import type { Lag, MemberState } from "@understudy/protocol";

/** How a thing should strike the eye. Never the only sign of what it means. */
export type Tone = "good" | "notice" | "bad" | "quiet" | "plain" | "accent" | "selected";

/** A state's glyph, which goes before its word, and its tone. */
export const STATE_SIGNS: Readonly<Record<MemberState, { readonly glyph: string; readonly tone: Tone }>> = {
  up: { glyph: "●", tone: "good" },
  joining: { glyph: "+", tone: "notice" },
  suspect: { glyph: "◐", tone: "notice" },
  broken: { glyph: "!", tone: "bad" },
  down: { glyph: "×", tone: "bad" },
};

/** A stretch of time in at most six characters: `350 ms`, `4.2 s`, `12 min`, `3 h`, `2 d`. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 999.5) return `${Math.round(whole)} ms`;
  const seconds = whole / 1_000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 99.5) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  return hours < 47.5 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} d`;
}

/** How old something is: `now` below a second. */
export function age(ms: number): string {
  return ms < 1_000 ? "now" : `${duration(ms)} ago`;
}

/** The age of an ISO time; `never` for none, `?` for what is no time. */
export function ageOf(time: string | null, nowMs: number): string {
  if (time === null) return "never";
  const atMs = Date.parse(time);
  return Number.isNaN(atMs) ? "?" : age(nowMs - atMs);
}

/** A member's lag: time first, then what waits; `–` where nothing is known. */
export function lagWords(lag: Lag): string {
  const parts = [
    lag.ms === null ? null : duration(lag.ms),
    lag.transactions === null || lag.transactions === 0 ? null : `${lag.transactions} tx`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "–" : parts.join(" ");
}

/** A position's epoch and the end of its GTID set, where its numbers stand: `7:…4562:1-512`. */
export function shortPosition(position: string | null, width: number): string {
  if (position === null) return "–";
  if (position.length <= width) return position;
  const epoch = /^\d+:/.exec(position)?.[0] ?? "";
  return `${epoch}…${position.slice(-Math.max(1, width - epoch.length - 1))}`;
}

/** The time of day of an ISO time. */
export function timeOfDay(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "?" : date.toLocaleTimeString("en-GB");
}

/** A number and its noun: `1 row`, `2 rows`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
