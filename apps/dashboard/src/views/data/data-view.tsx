import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import { duration, shortPosition } from "../../state/wording.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { Grid } from "../../widgets/grid.tsx";
import { bytesInWords } from "../../widgets/progress.ts";
import { rowText } from "../../widgets/row-text.ts";
import { Table, type TableColumn } from "../../widgets/table.tsx";
import { cutTo, wrapped } from "../../widgets/text-cells.ts";
import type { View } from "../view.ts";
import { DATA_FRAME, DATA_KEYS, databasesOf, modelOf, tablesOf, widthsOf } from "./data-keys.ts";
import { hear } from "./data-requests.ts";
import { DATA, levelOf, type DataState, type RowsPage, type TableSummary } from "./data-state.ts";

const TIMEOUT_MS = 15_000;

const DATABASE_COLUMNS: readonly TableColumn<string>[] = [
  { title: "database", width: null, text: (name) => name },
];

const TABLE_COLUMNS: readonly TableColumn<TableSummary>[] = [
  { title: "table", width: null, text: (table) => table.name },
  { title: "kind", width: 8, fromColumns: 80, text: (table) => table.engine ?? table.kind },
  {
    title: "rows",
    width: 10,
    align: "right",
    text: ({ rowsEstimate: rows }) => (rows === null ? "–" : `~${rows}`),
  },
  {
    title: "size",
    width: 8,
    align: "right",
    text: ({ sizeBytes: bytes }) => (bytes === null ? "–" : bytesInWords(bytes)),
  },
  {
    title: "primary key",
    width: 12,
    text: (table) => (table.kind === "view" ? "–" : table.hasPrimaryKey ? "yes" : "! none"),
    tone: (table) => (table.hasPrimaryKey || table.kind === "view" ? "plain" : "notice"),
  },
];

/** Databases, tables and rows, as the attached node has them. */
export const dataView: View = {
  id: "data",
  title: "Data",
  digit: "2",
  purpose: "databases, their tables and rows, as the attached node has them",
  hasFilter: true,
  keys: DATA_KEYS,
  reloadMs: 30_000,
  load: async (context, signal) => {
    const node = context.services.node();
    if (!node) return;
    const { change } = await hear(node, { state: context.get(DATA) }, { signal, timeoutMs: TIMEOUT_MS });
    context.update(DATA, change);
  },
  Component: Data,
};

function Data({ context }: { readonly context: ViewContext }): ReactNode {
  const state = context.get(DATA);
  const { columns } = context.area;
  return (
    <Box flexDirection="column">
      <TonedText isTitle>{cutTo(pathOf(state), columns)}</TonedText>
      <Box flexDirection="column" height={context.area.rows - DATA_FRAME}>
        <Level context={context} state={state} />
      </Box>
      <TonedText tone="quiet">{cutTo(sourceOf(context, state), columns)}</TonedText>
    </Box>
  );
}

function Level({ context, state }: { readonly context: ViewContext; readonly state: DataState }): ReactNode {
  const { columns } = context.area;
  const height = context.area.rows - DATA_FRAME;
  const place = { model: modelOf(context), width: columns, height };
  switch (levelOf(state)) {
    case "databases":
      return (
        <Table
          columns={DATABASE_COLUMNS}
          rows={databasesOf(context)}
          {...place}
          empty={emptyOf(state.databases, "no database yet")}
        />
      );
    case "tables":
      return (
        <Table
          columns={TABLE_COLUMNS}
          rows={tablesOf(context)}
          {...place}
          empty={emptyOf(state.tables, "no table yet")}
        />
      );
    case "rows":
      return <Rows context={context} state={state} height={height} />;
    default:
      return null;
  }
}

function emptyOf(list: readonly unknown[] | null, none: string): string {
  if (list === null) return "…";
  return list.length === 0 ? none : "nothing fits the filter";
}

interface RowsProps {
  readonly context: ViewContext;
  readonly state: DataState;
  readonly height: number;
}

function Rows({ context, state, height }: RowsProps): ReactNode {
  const { page, grid, ask } = state;
  if (!page) return <TonedText tone="quiet"> no rows have come yet; r asks again</TonedText>;
  const widths = widthsOf(context.area.columns);
  const model = { ...grid, ...modelOf(context) };
  const lines = widths.detail === 0 ? [] : wrapped(rowText(page.rows, model.cursor), widths.detail - 2);
  const shown = lines.length > height ? [...lines.slice(0, height - 1), "… Enter shows all"] : lines;
  return (
    <Box>
      <Grid
        rows={page.rows}
        model={model}
        width={widths.rows}
        height={height}
        order={ask.order}
        empty={ask.where === "" ? "no rows" : "no row fits the filter"}
      />
      <Box flexDirection="column" width={widths.detail} marginLeft={widths.detail === 0 ? 0 : 1}>
        {shown.map((line, index) => (
          <TonedText key={index}>{`│ ${line}`}</TonedText>
        ))}
      </Box>
    </Box>
  );
}

/** Where one is, and what of it is shown. */
function pathOf(state: DataState): string {
  const { database, table, ask, page, description } = state;
  const place = ["all databases", database, table].filter((part) => part !== null).join(" › ");
  if (table === null) return place;
  const estimate = description?.rowsEstimate ?? null;
  const range = page && page.rows.cells.length > 0 ? `rows ${rangeOf(page)}` : null;
  return [
    place,
    range && estimate !== null && ask.where === "" && page?.hasMore === true
      ? `${range} of ~${estimate}`
      : range,
    ask.where === "" ? null : `where ${ask.where}`,
  ]
    .filter((part) => part !== null)
    .join(" · ");
}

function rangeOf(page: RowsPage): string {
  const from = page.offset + 1;
  return `${from}–${page.offset + page.rows.cells.length}${page.hasMore ? "" : ", the last"}`;
}

/** Whose rows these are. A slave's are its own: it may lack what the master has confirmed. */
function sourceOf(context: ViewContext, { page }: DataState): string {
  if (!page || levelOf(context.get(DATA)) !== "rows") {
    const { self } = context;
    return self ? `as ${self.nodeId} (${self.role}) has them` : "";
  }
  const { columns } = context.area;
  const lag = page.lagMs === null ? "behind by an unknown time" : `${duration(page.lagMs)} behind`;
  const whose = page.role === "slave" ? `${page.node}'s own rows (slave), ${lag}` : `${page.node} (master)`;
  return `${whose} · at ${shortPosition(page.position, Math.max(12, columns - 62))} · ${duration(page.timeMs)}`;
}
