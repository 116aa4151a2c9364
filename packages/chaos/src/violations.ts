import type { FinalState } from "./final-check.ts";
import type { WriteRecord } from "./write-record.ts";

const NAMED_MAX = 5;

/** Everything that the checks of one round have found. */
export interface Findings {
  readonly problems: readonly string[];
  readonly defects: readonly string[];
  readonly masters: readonly string[];
  readonly final: FinalState | null;
  readonly registers: readonly string[];
  readonly outside: readonly string[];
  /** Writes that did not succeed at their first try, though nothing unplanned happened. */
  readonly plannedFailures: readonly WriteRecord[];
}

/** What must not have happened, in sentences; empty where all was as promised. */
export function violationsOf(findings: Findings): string[] {
  const { problems, defects, masters, final, registers, outside, plannedFailures } = findings;
  return [
    ...problems,
    ...defects.map((defect) => `an answer that nobody should get: ${defect}`),
    ...some("two masters", masters),
    ...some("confirmed, but lost", final?.lost ?? []),
    ...some("there more than once", final?.doubled ?? []),
    ...some("refused, but there", final?.undead ?? []),
    ...some("there, but never written", final?.strange ?? []),
    ...some("half of a transaction, by the counter of", final?.halved ?? []),
    ...some("unequal", final?.unequal ?? []),
    ...registers,
    ...some("did not come back by itself", outside),
    ...some(
      "not done at its first try",
      plannedFailures.map(({ id, failures }) => `${id} (${failures.join(", ")})`),
    ),
  ];
}

/** One sentence for all of a kind; the first few by their names. */
function some(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
  return [`${what} (${names.length}): ${names.slice(0, NAMED_MAX).join("; ")}${more}`];
}
