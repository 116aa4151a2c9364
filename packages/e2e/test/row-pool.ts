import { seededRandom } from "@understudy/kernel";
import type { InputValue, OutputValue } from "@understudy/protocol";
import type { ColumnKind, GeneratedColumn, Sample } from "./column-kind.ts";

/** One row, by column. */
export type Row = Readonly<Record<string, Sample>>;

/** Rows of all kinds; the first ones hold the extremes of every column. The same seed makes the same rows. */
export function makeRows(
  kinds: readonly ColumnKind[],
  { count, seed }: { readonly count: number; readonly seed: number },
): readonly Row[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(kinds.map((kind) => [kind.name, kind.sample(row, random)])),
  );
}

/** What is sent for a row. */
export function recordOf(id: number, row: Row): Record<string, InputValue> {
  const record: Record<string, InputValue> = { id };
  for (const [name, { input }] of Object.entries(row)) record[name] = input;
  return record;
}

/** What has to come back for a row, the computed columns included. */
export function outputOf(
  id: number,
  row: Row,
  generated: readonly GeneratedColumn[],
): Record<string, OutputValue> {
  const output: Record<string, OutputValue> = { id };
  for (const [name, sample] of Object.entries(row)) output[name] = sample.output;
  for (const { name, from, compute } of generated) {
    const source = output[from] ?? null;
    output[name] = source === null ? null : compute(source);
  }
  return output;
}

/** A row as the text that a person would write into a client: `v1, v2, …` in the order of its columns. */
export function clientText(row: Row): string {
  return Object.values(row)
    .map(({ input }) => literal(input))
    .join(",");
}

function literal(input: InputValue): string {
  if (input === null) return "NULL";
  if (typeof input === "string") return quoted(input);
  if (typeof input !== "object") return String(input);
  const { $type, value } = input;
  if ($type === "blob") return `x'${Buffer.from(value, "base64").toString("hex")}'`;
  return $type === "bigint" || $type === "decimal" ? value : quoted(value);
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`).replaceAll("\u0000", String.raw`\0`)}'`;
}
