import { valueLines } from "./cell-text.ts";
import type { GridRows } from "./grid-model.ts";

/** One row with all of its values; a value of several lines stands below its name. Empty where there is no such row. */
export function rowText(rows: GridRows, index: number): string {
  const row = rows.values[index];
  if (!row) return "";
  return rows.columns
    .map((column, at) => {
      const lines = valueLines(row[at], column);
      const [only = ""] = lines;
      const title = `${column.name} (${column.type.toLowerCase()}):`;
      return lines.length === 1
        ? `${title} ${only}`
        : [title, ...lines.map((line) => `  ${line}`)].join("\n");
    })
    .join("\n");
}
