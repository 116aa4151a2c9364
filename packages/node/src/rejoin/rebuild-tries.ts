import { backoffMs, type Clock, type Random } from "@understudy/kernel";
import { isSameSentence } from "../jobs/same-sentence.ts";
import type { RebuildOrder } from "./rebuild.ts";

/** Half of each pause is certain, the other half by chance. */
const HALF_PAUSE = { baseMs: 500, maxMs: 30_000 } as const;

/** A failure that is older has nothing to do with the next. */
const SERIES_GAP_MS = 5 * 60_000;

/**
 * When a node that could not be rebuilt tries again: after a pause that grows from 1 s to a minute, and at once where a person says so or another
 * master is there. Knows what was told of the try before, so that the same is not told each time.
 */
export class RebuildTries {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #random: Random;
  #master: string | null = null;
  #failures = 0;
  #notBeforeMs = 0;
  #trouble: string | null = null;
  /** What was told last of why a copy is needed. */
  #need: string | null = null;

  constructor(clock: Pick<Clock, "monotonicMs">, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Why the last try failed; null after none that did. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** How long such an order has to wait; 0 where it need not. */
  waitMs(order: RebuildOrder): number {
    if (order.cause !== null || this.#master !== masterOf(order)) return 0;
    return Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
  }

  /** A try begins. True where it is the first of a series, of which people should be told. */
  begin(order: RebuildOrder): boolean {
    const isOld = this.#clock.monotonicMs() - this.#notBeforeMs > SERIES_GAP_MS;
    if (order.cause !== null || this.#master !== masterOf(order) || isOld) this.#failures = 0;
    this.#master = masterOf(order);
    return this.#failures === 0;
  }

  /** It has failed. True where that was not told of the one before. */
  failed(message: string): boolean {
    const isNews = this.#failures === 0 || !isSameSentence(message, this.#trouble ?? "");
    const ceilingMs = Math.min(HALF_PAUSE.maxMs, HALF_PAUSE.baseMs * 2 ** Math.min(this.#failures, 30));
    this.#notBeforeMs =
      this.#clock.monotonicMs() + ceilingMs + backoffMs(this.#failures, HALF_PAUSE, this.#random);
    this.#failures += 1;
    this.#trouble = message;
    return isNews;
  }

  /** It has succeeded: the next failure is the first of another series. */
  done(): void {
    this.#failures = 0;
    this.#trouble = null;
    this.#need = null;
    this.#notBeforeMs = 0;
  }

  /** True where a node that needs a copy has not said so with this sentence just before. */
  isNewNeed(sentence: string): boolean {
    const before = this.#need;
    this.#need = sentence;
    return before === null || !isSameSentence(before, sentence);
  }
}

function masterOf({ source, epoch }: RebuildOrder): string {
  return `${source.nodeId ?? ""} ${source.url} ${epoch}`;
}
