import type { Clock } from "@understudy/kernel";

/** What {@link LeadPause} needs. */
export interface LeadPauseOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** See `ElectionTimings`. */
  readonly roundMs: number;
}

/** Long enough for three others to close and to take their turns. */
const FIRST_ROUNDS = 4;
const MOST_ROUNDS = 32;

/**
 * For how long a node that could not begin to lead does not try again: so that another gets its chance, and so that the store and the
 * database server are not asked for the same thing without end. Each failure in a row doubles it, up to 32 rounds.
 */
export class LeadPause {
  readonly #of: LeadPauseOptions;
  #failures = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeadPauseOptions) {
    this.#of = options;
  }

  /** True while others come first. */
  get isOn(): boolean {
    return this.#of.clock.monotonicMs() < this.#untilMs;
  }

  /** It was given the lead and could not begin. */
  noteFailed(): void {
    const { clock, roundMs } = this.#of;
    const rounds = Math.min(MOST_ROUNDS, FIRST_ROUNDS * 2 ** this.#failures);
    this.#failures++;
    this.#untilMs = clock.monotonicMs() + rounds * roundMs;
  }

  /** It leads: what was before counts no more. */
  noteLeads(): void {
    this.#failures = 0;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
