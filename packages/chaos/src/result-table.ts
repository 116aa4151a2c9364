import type { RoundResult } from "./round-result.ts";

const HEADINGS = [
  "flavour",
  "fault",
  "rounds",
  "gap median",
  "gap worst",
  "confirmed",
  "lost",
  "quarantined",
  "doubled",
  "unconfirmed",
  "failed",
  "retried",
  "two masters",
  "outside",
  "violations",
] as const;
/** Numbers stand flush right. */
const NUMBERS_FROM = 2;

/** The results as text for a terminal: one line for each fault of each flavour. */
export function formatResults(results: readonly RoundResult[]): string {
  const groups = Map.groupBy(results, (result) => `${result.flavour}\n${nameOf(result)}`);
  const rows = [HEADINGS, ...[...groups.values()].map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) =>
          column < NUMBERS_FROM ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A fault with what it hit and what it came into. */
export function nameOf({ fault, target, during }: RoundResult): string {
  return [fault, target ?? [], during === "load" ? [] : `during ${during}`].flat().join(" ");
}

function cellsOf(results: readonly RoundResult[]): readonly string[] {
  const [first] = results;
  const sum = (of: (result: RoundResult) => number): string =>
    String(results.reduce((total, result) => total + of(result), 0));
  const gaps = results.map(({ gapMs }) => gapMs).toSorted((a, b) => a - b);
  const middle = ((gaps[Math.floor(gaps.length / 2)] ?? 0) + (gaps[Math.ceil(gaps.length / 2) - 1] ?? 0)) / 2;
  return [
    first?.flavour ?? "",
    first ? nameOf(first) : "",
    String(results.length),
    seconds(middle),
    seconds(gaps.at(-1) ?? 0),
    sum(({ confirmed }) => confirmed),
    sum(({ lost }) => lost),
    sum(({ quarantined }) => quarantined),
    sum(({ doubled }) => doubled),
    sum(({ unconfirmed }) => unconfirmed),
    sum(({ failed }) => failed),
    sum(({ retried }) => retried),
    sum(({ twoMasters }) => twoMasters),
    sum(({ outside }) => outside.length),
    sum(({ violations }) => violations.length),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
