import { UnderstudyError } from "@understudy/protocol";

/** How an interactive transaction ended. */
export interface TransactionEnd {
  readonly state: "committed" | "rolled-back";
  /** In one sentence, for people. */
  readonly reason: string;
  /** Where it was committed, or a position that has it; null where it was rolled back. */
  readonly position: string | null;
}

/** The database can tell how it ended, or nobody can. */
export type UnknownEnd = "commit-lost" | "unknowable";

/** What every call gets that comes after the end. `confirmed`: whether enough slaves are known to have what was committed. */
export function expired({ state, reason, position }: TransactionEnd, confirmed = false): UnderstudyError {
  const outcome = state === "committed" ? "committed" : "rolled back";
  return new UnderstudyError("transaction-expired", `the transaction was ${outcome}: ${reason}`, {
    details: { outcome: state, reason, ...(position === null ? {} : { position, confirmed }) },
  });
}
