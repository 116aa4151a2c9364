import { ChangeSignal, orAbort } from "@understudy/kernel";

/** One write under way; disposed when its commit is over. */
export type WritePass = Disposable;

/**
 * Where writes pass on their way into a master's database. Held, it lets none in, and those that come wait: so what is under
 * way can end, and nothing need fail, while the lead goes to another node.
 */
export class WriteGate {
  readonly #changed = new ChangeSignal();
  #underWay = 0;
  #state: "open" | "held" | "closed" = "open";

  /** Writes under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Waits while it is held. Null once it is closed: this node is no master any more. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<WritePass | null> {
    while (this.#state === "held") await orAbort(this.#changed.next(), signal);
    return this.pass();
  }

  /** As {@link enter}, but without a wait: for what has begun before it was held. */
  pass(): WritePass | null {
    if (this.#state === "closed") return null;
    this.#underWay += 1;
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        this.#underWay -= 1;
        this.#changed.notify();
      },
    };
  }

  /** Lets nobody in until {@link release} or {@link close}. */
  hold(): void {
    if (this.#state === "open") this.#state = "held";
  }

  /** Lets in again. */
  release(): void {
    if (this.#state !== "held") return;
    this.#state = "open";
    this.#changed.notify();
  }

  /** For good. */
  close(): void {
    this.#state = "closed";
    this.#changed.notify();
  }

  /** Resolves when nothing is under way. */
  async drained(signal: AbortSignal): Promise<void> {
    await this.#changed.until(() => this.#underWay === 0, signal);
  }
}
