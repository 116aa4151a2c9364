/** How far a copy or a restore is. */
export interface SnapshotProgress {
  readonly phase: "preparing" | "copying" | "verifying" | "restoring" | "finishing" | "done";
  /** Bytes of SQL text so far. */
  readonly bytesDone: number;
  /** Estimate from the serving server's statistics: what was done may come to more, or to less. */
  readonly bytesTotal: number;
  readonly tablesDone: number;
  readonly tablesTotal: number;
}

/** Bytes between two reports of the same table. */
const STEP_BYTES = 1024 * 1024;

/** Tells progress when something worth telling has changed: a phase, a table, a mebibyte. */
export class ProgressReporter {
  readonly #onProgress: ((progress: SnapshotProgress) => void) | undefined;
  #last: SnapshotProgress = {
    phase: "preparing",
    bytesDone: 0,
    bytesTotal: 0,
    tablesDone: 0,
    tablesTotal: 0,
  };

  constructor(onProgress: ((progress: SnapshotProgress) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  /** Changes what is known. A phase is always told. */
  report(change: Partial<SnapshotProgress>): void {
    const next = { ...this.#last, ...change };
    const isNews =
      change.phase !== undefined ||
      next.tablesDone !== this.#last.tablesDone ||
      next.bytesDone - this.#last.bytesDone >= STEP_BYTES;
    if (!isNews) return;
    this.#last = next;
    this.#onProgress?.(next);
  }

  /** While the text goes by: a table is done when the next one begins. */
  scanned(bytes: number, tablesBegun: number): void {
    this.report({ bytesDone: bytes, tablesDone: Math.max(0, tablesBegun - 1) });
  }

  /** Everything is done. */
  done(bytes: number): void {
    this.report({ phase: "done", bytesDone: bytes, tablesDone: this.#last.tablesTotal });
  }
}
