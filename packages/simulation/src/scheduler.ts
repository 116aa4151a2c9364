import { nextTick } from "node:process";

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * The time of a whole simulated cluster: events run one after another in the order of their time, and everything that promises have
 * to do after one is done before the next.
 */
export class Scheduler {
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #order = 0;

  /** True time, which no node can see. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `run` after so long. Those of one time run in the order in which they were given. */
  after(ms: number, run: () => void): void {
    this.#push({ atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run });
  }

  /** Lets time pass until `endMs`, or until `isDone` says so after an event. */
  async run(endMs: number, isDone: () => boolean = () => false): Promise<void> {
    await settled();
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.atMs > endMs) break;
      this.#pop();
      this.#nowMs = next.atMs;
      next.run();
      await settled();
      if (isDone()) return;
    }
    this.#nowMs = endMs;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!child || !isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}

/** A tick that is asked for by a promise's continuation comes when no other continuation is left. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => {
    nextTick(resolve);
  });
}
