import type { Clock } from "@understudy/kernel";

/** Means over the window. */
export interface Throughput {
  readonly transactionsPerSecond: number;
  readonly bytesPerSecond: number;
}

interface Second {
  /** Whole seconds since the meter was made. */
  number: number;
  transactions: number;
  bytes: number;
}

const WINDOW_SECONDS = 10;

/** Counts transactions and bytes, second by second, and tells their means over the last ten. Constant memory. */
export class ThroughputMeter {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #ring: Second[] = Array.from({ length: WINDOW_SECONDS }, () => ({
    number: -1,
    transactions: 0,
    bytes: 0,
  }));

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
    this.#startMs = options.clock.monotonicMs();
  }

  /** Counts what has just been done. */
  add(done: { readonly transactions: number; readonly bytes: number }): void {
    const number = Math.floor(this.#elapsedSeconds());
    const second = this.#ring[number % WINDOW_SECONDS];
    if (!second) return;
    if (second.number !== number) Object.assign(second, { number, transactions: 0, bytes: 0 });
    second.transactions += done.transactions;
    second.bytes += done.bytes;
  }

  /** Means over the last ten seconds, the running one included, or since the start where that is less (1 s at least). */
  rates(): Throughput {
    const elapsed = this.#elapsedSeconds();
    const oldest = Math.max(0, Math.floor(elapsed) - WINDOW_SECONDS + 1);
    const covered = Math.max(1, elapsed - oldest);
    let transactions = 0;
    let bytes = 0;
    for (const second of this.#ring) {
      if (second.number < oldest) continue;
      transactions += second.transactions;
      bytes += second.bytes;
    }
    return { transactionsPerSecond: transactions / covered, bytesPerSecond: bytes / covered };
  }

  #elapsedSeconds(): number {
    return (this.#clock.monotonicMs() - this.#startMs) / 1_000;
  }
}
