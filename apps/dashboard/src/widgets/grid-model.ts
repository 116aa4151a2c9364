import type { OutputValue, Rows } from "@understudy/protocol";
import { cellText, type TypedColumn } from "./cell-text.ts";
import { TABLE_START, type TableModel } from "./table-model.ts";
import { cellsOf } from "./text-cells.ts";

/** Where a table stands that is wider than the screen. `column` is the chosen one, `first` the first in sight. */
export interface GridModel extends TableModel {
  readonly column: number;
  readonly first: number;
}

/** At the first cell. */
export const GRID_START: GridModel = { ...TABLE_START, column: 0, first: 0 };

/** Rows made ready to be drawn, once for each answer. */
export interface GridRows {
  readonly columns: readonly TypedColumn[];
  readonly values: readonly (readonly (OutputValue | undefined)[])[];
  readonly cells: readonly (readonly string[])[];
  /** What each column would take, in cells. */
  readonly widths: readonly number[];
}

/** A column takes at most so many cells, or what there is. */
const WIDTH_MAX = 36;
const WIDTH_MIN = 4;
/** `▸ ` before each row. */
const MARK = 2;

/** An answer's rows, as objects or arrays, ready to be drawn. */
export function gridRows(columns: readonly TypedColumn[], rows: Rows): GridRows {
  const values = rows.map((row) => (Array.isArray(row) ? row : columns.map(({ name }) => row[name])));
  const cells = values.map((row) => columns.map((column, index) => cellText(row[index], column)));
  const widths = columns.map(({ name, type }, index) =>
    cells.reduce(
      (widest, row) => Math.max(widest, Math.min(WIDTH_MAX, cellsOf(row[index] ?? ""))),
      // room for the marks of the chosen and of the sorted one
      Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, cellsOf(name) + 2, cellsOf(type))),
    ),
  );
  return { columns, values, cells, widths };
}

/** The columns in sight, with the width of each: the chosen one always is, cut where it alone is too wide. */
export function columnsInSight(
  widths: readonly number[],
  width: number,
  model: GridModel,
): { readonly first: number; readonly widths: readonly number[] } {
  const room = Math.max(1, width - MARK);
  const cut = widths.map((one) => Math.min(one, room));
  const chosen = Math.max(0, Math.min(model.column, cut.length - 1));
  let first = Math.min(model.first, chosen);
  while (first < chosen && spanOf(cut.slice(first, chosen + 1)) > room) first += 1;
  let end = first;
  while (end < cut.length && spanOf(cut.slice(first, end + 1)) <= room) end += 1;
  return { first, widths: cut.slice(first, end) };
}

/** The model with another column chosen, and in sight. */
export function moveColumn(
  model: GridModel,
  by: number,
  place: { readonly widths: readonly number[]; readonly width: number },
): GridModel {
  const column = Math.max(0, Math.min(place.widths.length - 1, model.column + by));
  const moved = { ...model, column };
  return { ...moved, first: columnsInSight(place.widths, place.width, moved).first };
}

function spanOf(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one + 1, -1);
}
