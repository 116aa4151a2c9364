import { Box } from "ink";
import type { ReactNode } from "react";
import { TonedText } from "../theme/toned-text.tsx";
import { isNumeric } from "./cell-text.ts";
import { columnsInSight, type GridModel, type GridRows } from "./grid-model.ts";
import { settled } from "./table-model.ts";
import { fit } from "./text-cells.ts";

/** Lines of the heading: names, types. */
export const GRID_HEADING = 2;

interface GridProps {
  readonly rows: GridRows;
  readonly model: GridModel;
  /** Cells; and lines with the heading. */
  readonly width: number;
  readonly height: number;
  readonly isFocused?: boolean;
  /** The column by which the rows are ordered. */
  readonly order?: { readonly column: string; readonly isDescending: boolean } | null;
  readonly empty: string;
}

/** Rows with their columns' names and types; scrolls sideways so that the chosen column, marked `‹name›`, is in sight. */
export function Grid({ rows, model, width, height, isFocused = true, order, empty }: GridProps): ReactNode {
  const visible = Math.max(1, height - GRID_HEADING);
  const { cursor, offset } = settled(model, { count: rows.cells.length, visible });
  const { first, widths } = columnsInSight(rows.widths, width, model);
  const columns = rows.columns.slice(first, first + widths.length);
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => {
        const column = columns[index];
        return fit(text, widths[index] ?? 0, column && isNumeric(column) ? "right" : "left");
      })
      .join(" ");
  const names = columns.map(({ name }, index) => {
    const arrow = order?.column === name ? (order.isDescending ? "▼" : "▲") : "";
    return first + index === model.column && isFocused ? `‹${name}›${arrow}` : name + arrow;
  });
  const end = Math.min(rows.cells.length, offset + visible);
  return (
    <Box flexDirection="column" flexShrink={0} width={width}>
      <TonedText isTitle>{`${first > 0 ? "◂" : " "} ${line(names)}`}</TonedText>
      <TonedText tone="quiet">
        {`${first + widths.length < rows.columns.length ? "▸" : " "} ${line(columns.map(({ type }) => type.toLowerCase()))}`}
      </TonedText>
      {rows.cells.length === 0 ? <TonedText tone="quiet">{`  ${empty}`}</TonedText> : null}
      {rows.cells.slice(offset, end).map((row, index) => {
        const isChosen = isFocused && offset + index === cursor;
        return (
          <TonedText key={index} tone={isChosen ? "selected" : "plain"}>
            {`${isChosen ? "▸" : " "} ${line(row.slice(first, first + widths.length))}`}
          </TonedText>
        );
      })}
    </Box>
  );
}
