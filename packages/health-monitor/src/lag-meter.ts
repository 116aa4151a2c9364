import type { Clock } from "@understudy/kernel";

/** Options of {@link LagMeter}. */
export interface LagMeterOptions<P> {
  readonly clock: Clock;
  /** For how long silence from the master means nothing; a few of its heartbeats. */
  readonly graceMs: number;
  /** True where everything up to `heard` is in `applied`. */
  readonly contains: (applied: P, heard: P) => boolean;
  /** Heard positions kept at most. Default 1,024. */
  readonly samplesMax?: number | undefined;
}

interface Heard<P> {
  readonly position: P;
  readonly atMs: number;
}

/** The master's word on its position. */
interface HeardPosition<P> extends Heard<P> {
  /** Where it answers a question: this node's monotonic time before that was sent. */
  readonly askedAtMs?: number | undefined;
}

/** Answers that may wait for their position to be applied; more, and the oldest is given up. */
const ASKED_MAX = 64;

/**
 * A slave's own lag in milliseconds, by its own clock alone: for how long there has been something of the master's that
 * it has heard of and not applied, or for how long it has heard nothing.
 *
 * | heard | applied | lag |
 * |---|---|---|
 * | never | | null: unknown |
 * | lately | all of it | 0 |
 * | | not all | since the oldest of it was heard |
 * | not within `graceMs` | all of it | since the master was heard last |
 */
export class LagMeter<P> {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #contains: (applied: P, heard: P) => boolean;
  readonly #samplesMax: number;
  /** Heard and not applied, oldest first. */
  #waiting: Heard<P>[] = [];
  #applied: { readonly position: P } | undefined;
  #lastHeardMs: number | null = null;
  /** Answers of the master whose position is not applied yet, oldest first; `atMs` is when it was asked. */
  #asked: Heard<P>[] = [];
  #freshAtMs: number | null = null;

  constructor(options: LagMeterOptions<P>) {
    this.#clock = options.clock;
    this.#graceMs = options.graceMs;
    this.#contains = options.contains;
    this.#samplesMax = Math.max(2, options.samplesMax ?? 1_024);
  }

  /** The master was at `position` when it spoke; `atMs` is this node's monotonic time of hearing it. */
  heard({ position, atMs, askedAtMs }: HeardPosition<P>): void {
    const heard: Heard<P> = { position, atMs };
    this.#lastHeardMs = Math.max(this.#lastHeardMs ?? atMs, atMs);
    if (askedAtMs !== undefined) this.#noteAnswer({ position, atMs: askedAtMs });
    if (this.#applied && this.#contains(this.#applied.position, heard.position)) return;
    const newest = this.#waiting.at(-1);
    // What was heard before is waited for since then.
    if (newest && this.#contains(newest.position, heard.position)) return;
    this.#waiting.push(heard);
    if (this.#waiting.length > this.#samplesMax) this.#waiting = mergePairs(this.#waiting);
  }

  /** This node has committed everything up to `position`. */
  applied(position: P): void {
    this.#applied = { position };
    const first = this.#waiting.findIndex((heard) => !this.#contains(position, heard.position));
    this.#waiting = first < 0 ? [] : this.#waiting.slice(first);
    if (this.#asked.length === 0) return;
    const asked = this.#asked;
    this.#asked = [];
    for (const answer of asked) this.#noteAnswer(answer);
  }

  #noteAnswer(answer: Heard<P>): void {
    if (this.#applied && this.#contains(this.#applied.position, answer.position)) {
      this.#freshAtMs = Math.max(this.#freshAtMs ?? answer.atMs, answer.atMs);
      return;
    }
    this.#asked.push(answer);
    if (this.#asked.length > ASKED_MAX) this.#asked.shift();
  }

  /**
   * The data here is not older than this: the time since before the latest question was sent to the master whose answer is
   * applied in full. Messages that nobody asked for do not count, since they may have been long on their way. Null where no
   * answer was ever reached.
   */
  staleBoundMs(): number | null {
    return this.#freshAtMs === null ? null : Math.max(0, this.#clock.monotonicMs() - this.#freshAtMs);
  }

  /** The lag now; null where the master was never heard. */
  lagMs(): number | null {
    if (this.#lastHeardMs === null) return null;
    const nowMs = this.#clock.monotonicMs();
    const oldest = this.#waiting[0];
    if (oldest) return Math.max(0, nowMs - oldest.atMs);
    const silentMs = nowMs - this.#lastHeardMs;
    return silentMs <= this.#graceMs ? 0 : silentMs;
  }
}

/** Halves the list. A pair becomes its later position under its earlier time, so that lag is never told too small. */
function mergePairs<P>(list: readonly Heard<P>[]): Heard<P>[] {
  const merged: Heard<P>[] = [];
  for (const [index, heard] of list.entries()) {
    const earlier = index % 2 === 1 ? merged.pop() : undefined;
    merged.push(earlier ? { position: heard.position, atMs: earlier.atMs } : heard);
  }
  return merged;
}
