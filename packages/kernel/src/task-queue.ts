/** Runs tasks one at a time, in the order in which they came. */
export class TaskQueue {
  readonly #sizeMax: number;
  readonly #full: () => Error;
  #size = 0;
  #last: Promise<void> = Promise.resolve();

  /** Of more than `sizeMax` that run or wait the next one throws `full()`. */
  constructor(sizeMax: number, full: () => Error) {
    this.#sizeMax = sizeMax;
    this.#full = full;
  }

  /** How many run or wait. */
  get size(): number {
    return this.#size;
  }

  /** Runs `task` once those before it are done, however they ended. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#size >= this.#sizeMax) throw this.#full();
    this.#size++;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      return await task();
    } finally {
      this.#size--;
      resolve();
    }
  }

  /** Resolves when all that have come by now are done. */
  async done(): Promise<void> {
    await this.#last;
  }
}
