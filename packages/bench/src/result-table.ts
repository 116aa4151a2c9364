import { ratioOf, ratiosOf, type Comparison, type Observation } from "./measurement.ts";
import { median } from "./statistics.ts";

const HEADINGS = ["measure", "peer", "unit", "ours", "peer's", "ratio", "range of ratios"] as const;
/** Numbers stand flush right. */
const NUMBERS_FROM = 3;

/** A section of the table: a flavour's suite. */
export interface Section {
  readonly title: string;
  readonly comparisons: readonly Comparison[];
  readonly observations: readonly Observation[];
  readonly problems: readonly string[];
}

/** The results as text for a terminal, all sections with the same columns. */
export function formatResults(sections: readonly Section[]): string {
  const rows = [HEADINGS, ...sections.flatMap(({ comparisons }) => comparisons.map(cellsOf))];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column < NUMBERS_FROM ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return sections
    .map((section) =>
      [
        section.title,
        ...(section.comparisons.length > 0 ? [line(HEADINGS)] : []),
        ...section.comparisons.map((comparison) => line(cellsOf(comparison))),
        ...section.observations.map((it) => `${it.measure}: ${formatNumber(it.value)} ${it.unit}`),
        ...section.problems.map((problem) => `FAILED: ${problem}`),
        "",
      ].join("\n"),
    )
    .join("\n");
}

function cellsOf(comparison: Comparison): readonly string[] {
  const ratios = ratiosOf(comparison);
  return [
    comparison.measure,
    comparison.peer,
    `${comparison.unit} (${comparison.better} is better)`,
    formatNumber(median(comparison.ours)),
    formatNumber(median(comparison.theirs)),
    ratioOf(comparison).toFixed(2),
    ratios.length > 1 ? `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}` : "–",
  ];
}

function formatNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
