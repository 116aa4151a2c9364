import { anySignal, ChangeSignal, type Clock } from "@understudy/kernel";

/** A delivery under way; disposed when it has ended. */
export interface Reception extends Disposable {
  readonly signal: AbortSignal;
}

/** A master is never silent for so long: it sends something every second. */
const SILENCE_ALARM_MS = 1500;
/** An applier gives up at once when its delivery is aborted, so that the wait for that needs no end of its own. */
const NEVER = new AbortController().signal;

/** The deliveries that a slave is taking in, and whether they still come. */
export class Receptions {
  readonly #clock: Clock;
  readonly #ended = new ChangeSignal();
  #cut = new AbortController();
  #underWay = 0;
  #heardAtMs: number;
  #isBroken = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardAtMs = clock.monotonicMs();
  }

  /** Its signal aborts with the given one, and when all are cut. */
  begin(signal: AbortSignal): Reception {
    this.#underWay += 1;
    this.#isBroken = false;
    return {
      signal: anySignal(signal, this.#cut.signal),
      [Symbol.dispose]: () => {
        this.#underWay -= 1;
        this.#heardAtMs = this.#clock.monotonicMs();
        this.#ended.notify();
      },
    };
  }

  /** A connection on which deliveries came has closed. */
  noteBroken(): void {
    this.#isBroken = true;
  }

  /** True where nothing comes, and nothing is being taken in. */
  isSilent(): boolean {
    if (this.#isBroken) return true;
    return this.#underWay === 0 && this.#clock.monotonicMs() - this.#heardAtMs > SILENCE_ALARM_MS;
  }

  /** Ends all that are under way with this reason, and resolves when they have ended. */
  async cut(reason: unknown): Promise<void> {
    this.#cut.abort(reason);
    this.#cut = new AbortController();
    await this.#ended.until(() => this.#underWay === 0, NEVER);
  }
}
