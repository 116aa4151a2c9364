/** A question whose answer must be asked after the asker came: one is under way at a time, and all who come meanwhile share the next. */
export class FreshAnswer<T> {
  readonly #ask: () => Promise<T>;
  #current: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** Resolves with an answer to a question that was asked after this call; rejects as the question does. */
  async get(): Promise<T> {
    if (this.#current === null) return this.#start();
    this.#next ??= this.#current.then(ignore, ignore).then(() => {
      this.#next = null;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<T> {
    const asked = this.#ask();
    this.#current = asked;
    const over = (): void => {
      if (this.#current === asked) this.#current = null;
    };
    asked.then(over, over);
    return asked;
  }
}

const ignore = (): void => undefined;
