/** What a node thinks of another from probes alone. */
export const HEALTH_STATES = ["up", "suspect", "down"] as const;
/** @see HEALTH_STATES */
export type HealthState = (typeof HEALTH_STATES)[number];

/** How many failures in a row make a node suspect, and how many make it down. */
export interface HealthThresholds {
  readonly suspectAfterFailures: number;
  readonly downAfterFailures: number;
}

/** One probe's end, or word of the same weight from elsewhere. */
export type HealthOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What is remembered of a node, with its latest outcome counted in. */
export interface HealthHistory {
  /** The judgement before the latest outcome; null before the first. */
  readonly state: HealthState | null;
  /** Failures in a row up to now; 0 where the latest outcome was good. */
  readonly failures: number;
  /** Why the latest one failed. */
  readonly lastFailure: string | null;
  /** Monotonic time of the last good outcome. */
  readonly lastSeenMs: number | null;
}

/** A judgement and why, in one sentence. */
export interface Judgement {
  readonly state: HealthState;
  readonly reason: string;
}

/** An outcome's weight: good, or a failure that makes a row too short for suspicion, long enough for it, or for `down`. */
export type Weight = "answered" | "missed-few" | "missed-some" | "missed-many";

/**
 * Every state × every weight. A node that was never seen is not taken for up because it failed only once, and one that
 * is down gets up by answering alone.
 */
export const TRANSITIONS: Readonly<Record<HealthState | "unknown", Readonly<Record<Weight, HealthState>>>> = {
  unknown: { answered: "up", "missed-few": "suspect", "missed-some": "suspect", "missed-many": "down" },
  up: { answered: "up", "missed-few": "up", "missed-some": "suspect", "missed-many": "down" },
  suspect: { answered: "up", "missed-few": "suspect", "missed-some": "suspect", "missed-many": "down" },
  down: { answered: "up", "missed-few": "down", "missed-some": "down", "missed-many": "down" },
};

/** Judges a node by its history. Pure; `nowMs` is monotonic and only worded. */
export function judge(history: HealthHistory, nowMs: number, thresholds: HealthThresholds): Judgement {
  const state = TRANSITIONS[history.state ?? "unknown"][weightOf(history.failures, thresholds)];
  return { state, reason: reasonOf(history, nowMs) };
}

function weightOf(failures: number, thresholds: HealthThresholds): Weight {
  if (failures === 0) return "answered";
  if (failures >= thresholds.downAfterFailures) return "missed-many";
  return failures >= thresholds.suspectAfterFailures ? "missed-some" : "missed-few";
}

function reasonOf(history: HealthHistory, nowMs: number): string {
  if (history.failures === 0) return "answers";
  const row = history.failures === 1 ? "1 probe failed" : `${history.failures} probes failed in a row`;
  const seen =
    history.lastSeenMs === null
      ? "never seen"
      : `last seen ${((nowMs - history.lastSeenMs) / 1000).toFixed(1)} s ago`;
  return `${row} (${history.lastFailure ?? "no reason given"}), ${seen}`;
}
