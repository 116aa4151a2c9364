import type { GtidPosition } from "@understudy/binlog";

interface Sample {
  /** Position at its end. */
  readonly position: GtidPosition;
  /** Bytes read up to its end. */
  readonly totalBytes: number;
  /** Monotonic time at which its first transaction was read. */
  readonly sinceMs: number;
}

const SAMPLE_BYTES = 256 * 1024;
const SAMPLE_MS = 250;
const SAMPLES_MAX = 2048;

/**
 * How far the binlog had got when, in samples whose number is bounded (the older, the coarser): tells of any position how
 * many bytes and how much time ago it was passed, also long after its transactions left the window.
 */
export class ProgressHistory {
  #samples: Sample[] = [];
  #openSinceMs: number | null = null;
  #lastBytes = 0;

  /** Takes note that the binlog was read up to `position`. */
  add(position: () => GtidPosition, totalBytes: number, nowMs: number): void {
    this.#openSinceMs ??= nowMs;
    if (totalBytes - this.#lastBytes < SAMPLE_BYTES && nowMs - this.#openSinceMs < SAMPLE_MS) return;
    this.#samples.push({ position: position(), totalBytes, sinceMs: this.#openSinceMs });
    this.#openSinceMs = null;
    this.#lastBytes = totalBytes;
    if (this.#samples.length > SAMPLES_MAX) this.#thin();
  }

  /**
   * For a slave that has `acked`: bytes read after that point, and the monotonic time at which the first transaction behind it
   * was read. Null where that lies before the history.
   */
  behind(acked: GtidPosition, totalBytes: number): { bytes: number; sinceMs: number | null } | null {
    let low = 0;
    let high = this.#samples.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const sample = this.#samples[middle];
      if (sample && acked.contains(sample.position)) low = middle + 1;
      else high = middle;
    }
    const passed = this.#samples[low - 1];
    if (!passed) return null;
    return {
      bytes: totalBytes - passed.totalBytes,
      sinceMs: this.#samples[low]?.sinceMs ?? this.#openSinceMs,
    };
  }

  /** Notes where the history begins. */
  begin(position: GtidPosition, nowMs: number): void {
    this.#samples = [{ position, totalBytes: 0, sinceMs: nowMs }];
  }

  /** Halves the older half. */
  #thin(): void {
    const half = this.#samples.length >>> 1;
    this.#samples = this.#samples.filter((_, index) => index >= half || index % 2 === 0);
  }
}
