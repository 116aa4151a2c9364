import type { QuarantineOutcome, QuarantineReport } from "@understudy/protocol";
import type { Conflict } from "./conflict.ts";

const OUTCOMES_MAX = 1000;

/** Gathers outcomes in their order, in bounded memory: conflicts are kept before others. */
export class ReportBuilder {
  #outcomes: QuarantineOutcome[] = [];
  #counts = { applied: 0, conflicts: 0, skipped: 0 };
  #index = 0;

  get conflicts(): number {
    return this.#counts.conflicts;
  }

  applied(gtid: string, unchecked: readonly string[]): void {
    this.#counts.applied += 1;
    this.#add({ ...this.#next(gtid), outcome: "applied", unchecked: [...unchecked] });
  }

  skipped(gtid: string, reason: string): void {
    this.#counts.skipped += 1;
    this.#add({ ...this.#next(gtid), outcome: "skipped", reason });
  }

  conflict(gtid: string, conflict: Conflict): void {
    this.#counts.conflicts += 1;
    const { kind, table, rows, errno, message } = conflict;
    const outcome = "conflict";
    this.#add({ ...this.#next(gtid), outcome, conflict: { kind, table, rows, errno }, reason: message });
  }

  build(
    about: Pick<QuarantineReport, "entry" | "mode" | "onConflict" | "startedAt" | "endedAt">,
  ): QuarantineReport {
    const outcomes = this.#outcomes;
    return { ...about, ...this.#counts, outcomes, moreOutcomes: this.#index - outcomes.length };
  }

  #next(gtid: string): Omit<QuarantineOutcome, "outcome"> {
    const index = this.#index;
    this.#index += 1;
    return { index, gtid, conflict: null, reason: null, unchecked: [] };
  }

  #add(outcome: QuarantineOutcome): void {
    if (this.#outcomes.length >= OUTCOMES_MAX) {
      if (outcome.outcome !== "conflict") return;
      const lesser = this.#outcomes.findLastIndex((one) => one.outcome !== "conflict");
      if (lesser < 0) return;
      this.#outcomes = this.#outcomes.toSpliced(lesser, 1);
    }
    this.#outcomes.push(outcome);
  }
}
