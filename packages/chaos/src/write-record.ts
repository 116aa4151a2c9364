/**
 * What a write's client knows of it at the end: `confirmed` was answered as done, and must stay; `refused` was answered as not done, and
 * must not be there; `unconfirmed` may be there or not.
 */
export type WriteOutcome = "confirmed" | "unconfirmed" | "refused";

/** One write with all of its tries. */
export interface WriteRecord {
  /** Unique in its cluster. */
  readonly id: string;
  readonly writer: string;
  /** Monotonic, when the first try was sent. */
  readonly invokedMs: number;
  /** Monotonic, when the client knew as much as it ever will. */
  readonly returnedMs: number;
  readonly outcome: WriteOutcome;
  /** Of the answer that confirmed it; null where none did. */
  readonly epoch: bigint | null;
  /** Why each of its tries but the last was in vain, and the last one where it is not confirmed. */
  readonly failures: readonly string[];
}

/** What all writers of a cluster have done, in the order in which it ended. */
export class WriteLog {
  readonly #records: WriteRecord[] = [];
  #defects: string[] = [];

  get records(): readonly WriteRecord[] {
    return this.#records;
  }

  /** Answers that nobody should ever get, in sentences; the first hundred. */
  get defects(): readonly string[] {
    return this.#defects;
  }

  add(record: WriteRecord): void {
    this.#records.push(record);
  }

  addDefect(sentence: string): void {
    if (this.#defects.length < 100) this.#defects = [...this.#defects, sentence];
  }

  /** Writes that ended at `fromMs` or later. */
  since(fromMs: number): readonly WriteRecord[] {
    return this.#records.filter(({ returnedMs }) => returnedMs >= fromMs);
  }
}
