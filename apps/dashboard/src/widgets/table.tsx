import { Box } from "ink";
import type { ReactNode } from "react";
import type { Tone } from "../state/wording.ts";
import { TonedText } from "../theme/toned-text.tsx";
import { settled, type TableModel } from "./table-model.ts";
import { fit } from "./text-cells.ts";

/** A column of a table of `Row`. */
export interface TableColumn<Row> {
  readonly title: string;
  /** Cells; null shares what is left. */
  readonly width: number | null;
  /** Shown only on tables at least so wide. Default 0. */
  readonly fromColumns?: number;
  readonly align?: "left" | "right";
  readonly text: (row: Row) => string;
  readonly tone?: (row: Row) => Tone;
  /** What the rows are ordered by; default the text. */
  readonly order?: (row: Row) => number | string;
}

interface TableProps<Row> {
  readonly columns: readonly TableColumn<Row>[];
  /** In their own order; the table sorts. */
  readonly rows: readonly Row[];
  readonly model: TableModel;
  /** Cells; and lines with the heading. */
  readonly width: number;
  readonly height: number;
  /** False hides the mark of the chosen row. */
  readonly isFocused?: boolean;
  /** Said where there are no rows. */
  readonly empty?: string;
}

/** The rows as a table shows them, in the model's order. Stable. */
export function orderedRows<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  model: TableModel,
): readonly Row[] {
  const column = model.sort && columns[model.sort.column];
  if (!column || !model.sort) return rows;
  const sign = model.sort.isDescending ? -1 : 1;
  const key = column.order ?? column.text;
  return rows.toSorted((one, other) => sign * compare(key(one), key(other)));
}

/** A table with a heading, a chosen row marked with `▸`, and the part in sight named in the heading where not all is. */
export function Table<Row>(props: TableProps<Row>): ReactNode {
  const { columns, width, height, isFocused = true } = props;
  const shown = columns.filter((column) => width >= (column.fromColumns ?? 0));
  const rows = orderedRows(props.rows, columns, props.model);
  const visible = Math.max(1, height - 1);
  const { cursor, offset } = settled(props.model, { count: rows.length, visible });
  const widths = widthsOf(shown, width - 2);
  const end = Math.min(rows.length, offset + visible);
  const range = end - offset < rows.length ? ` ${offset + 1}–${end} of ${rows.length}` : "";
  const heading = shown.map((column, index) => {
    const sort = props.model.sort;
    const arrow = sort && columns[sort.column] === column ? (sort.isDescending ? " ▼" : " ▲") : "";
    return fit(column.title + arrow + (index === 0 ? range : ""), widths[index] ?? 0, column.align);
  });
  return (
    <Box flexDirection="column" flexShrink={0} width={width}>
      <TonedText tone="quiet">{`  ${heading.join(" ")}`}</TonedText>
      {rows.length === 0 ? <TonedText tone="quiet">{`  ${props.empty ?? "nothing here"}`}</TonedText> : null}
      {rows.slice(offset, end).map((row, index) => (
        // What is in sight has no identity beyond its line.
        <Row
          key={index}
          row={row}
          columns={shown}
          widths={widths}
          isChosen={isFocused && offset + index === cursor}
        />
      ))}
    </Box>
  );
}

interface RowProps<Row> {
  readonly row: Row;
  readonly columns: readonly TableColumn<Row>[];
  readonly widths: readonly number[];
  readonly isChosen: boolean;
}

/** One text a line: a box for each cell would cost a layout each. */
function Row<Row>({ row, columns, widths, isChosen }: RowProps<Row>): ReactNode {
  const cells = columns.map((column, index) => fit(column.text(row), widths[index] ?? 0, column.align));
  if (isChosen) return <TonedText tone="selected">{`▸ ${cells.join(" ")}`}</TonedText>;
  return (
    <TonedText>
      {"  "}
      {columns.map((column, index) => {
        const text = (cells[index] ?? "") + (index < columns.length - 1 ? " " : "");
        const tone = column.tone?.(row) ?? "plain";
        return tone === "plain" ? (
          text
        ) : (
          <TonedText key={index} tone={tone}>
            {text}
          </TonedText>
        );
      })}
    </TonedText>
  );
}

/** Fixed columns first; the others share the rest, at least four cells each. */
function widthsOf<Row>(columns: readonly TableColumn<Row>[], width: number): number[] {
  const fixed = columns.reduce((sum, column) => sum + (column.width ?? 0), columns.length - 1);
  const sharing = columns.filter((column) => column.width === null).length;
  const each = Math.max(4, Math.floor((width - fixed) / Math.max(1, sharing)));
  return columns.map((column) => column.width ?? each);
}

function compare(one: number | string, other: number | string): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}
