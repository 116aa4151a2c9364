import { backoffMs, type Clock, type Random } from "@understudy/kernel";

/** What a lost answer means: nothing (`repeatable`), or that nobody knows what happened (`once`). */
export type Effect = "repeatable" | "once";

/** How one endpoint has done lately. */
export interface EndpointHealth {
  readonly failuresInRow: number;
  /** On the monotonic clock; it is asked before only where nobody else is left. */
  readonly restsUntilMs: number;
}

/** What {@link chooseEndpoint} decides by. */
export interface EndpointQuestion {
  readonly nowMs: number;
  /** Where the round stands. */
  readonly first: number;
  readonly effect: Effect;
  readonly tried: ReadonlySet<number>;
}

const REST = { baseMs: 500, maxMs: 10_000 };
const HEALTHY: EndpointHealth = { failuresInRow: 0, restsUntilMs: 0 };

/**
 * Which endpoint is asked next, as an index; undefined where each was tried. Well ones come in turn. One whose rest is over is
 * tried again with what may be repeated, and with changes only after the well ones: a change that is lost there is lost for good.
 * Those that rest come last, the one whose rest ends soonest first.
 */
export function chooseEndpoint(
  healths: readonly EndpointHealth[],
  { nowMs, first, effect, tried }: EndpointQuestion,
): number | undefined {
  const rank = (health: EndpointHealth): number => {
    if (health.failuresInRow === 0) return 0;
    if (health.restsUntilMs > nowMs) return 2;
    return effect === "repeatable" ? 0 : 1;
  };
  const inTurn = (index: number): number => (index - first + healths.length) % healths.length;
  const [best] = healths
    .map((health, index) => ({ index, rank: rank(health), rest: health.restsUntilMs }))
    .filter(({ index }) => !tried.has(index))
    .toSorted(
      (a, b) => a.rank - b.rank || (a.rank === 2 ? a.rest - b.rest : 0) || inTurn(a.index) - inTurn(b.index),
    );
  return best?.index;
}

/** Gives out endpoints in turn and remembers which of them failed. */
export class EndpointRota {
  readonly #healths: EndpointHealth[];
  readonly #clock: Clock;
  readonly #random: Random;
  #first = 0;

  constructor(count: number, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#healths = Array.from({ length: count }, () => HEALTHY);
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  /** See {@link chooseEndpoint}. The turn goes on. */
  next(effect: Effect, tried: ReadonlySet<number>): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const index = chooseEndpoint(this.#healths, { nowMs, first: this.#first, effect, tried });
    if (index !== undefined) this.#first = (index + 1) % this.#healths.length;
    return index;
  }

  /** Answers whether it was ill before. */
  noteAnswer(index: number): boolean {
    const wasIll = (this.#healths[index] ?? HEALTHY).failuresInRow > 0;
    this.#healths[index] = HEALTHY;
    return wasIll;
  }

  /** Answers whether it was well before. */
  noteFailure(index: number): boolean {
    const { failuresInRow } = this.#healths[index] ?? HEALTHY;
    this.#healths[index] = {
      failuresInRow: failuresInRow + 1,
      restsUntilMs: this.#clock.monotonicMs() + backoffMs(failuresInRow, REST, this.#random),
    };
    return failuresInRow === 0;
  }
}
