import type { ViewContext } from "../../app/view-context.ts";
import type { KeyBinding } from "../../keys/key-binding.ts";
import { tableBindings } from "../../keys/table-bindings.ts";
import { moveColumn } from "../../widgets/grid-model.ts";
import { GRID_HEADING } from "../../widgets/grid.tsx";
import { rowText } from "../../widgets/row-text.ts";
import { settled, type TableExtent, type TableModel } from "../../widgets/table-model.ts";
import { askRequest, PAGE_ROWS } from "./data-requests.ts";
import * as state from "./data-state.ts";
import { DATA, levelOf, type DataState, type TableSummary } from "./data-state.ts";
import { createPlaceForm, dropDialog, whereForm } from "./place-forms.ts";
import { deleteRowDialog, editRowForm, insertRowForm, keyFault, type ChosenRow } from "./row-forms.ts";

/** Lines of the view that are no rows: where one is, and whose rows these are. */
export const DATA_FRAME = 2;
/** From here on the chosen row stands beside the rows. */
const DETAIL_FROM = 110;

/** Cells for the rows, and for the chosen one beside them. */
export function widthsOf(columns: number): { readonly rows: number; readonly detail: number } {
  const detail = columns >= DETAIL_FROM ? Math.floor(columns / 3) : 0;
  return { rows: columns - (detail === 0 ? 0 : detail + 1), detail };
}

const at = (context: ViewContext) => levelOf(context.get(DATA));
const isRows = (context: ViewContext): boolean => at(context) === "rows";
const named = (names: readonly string[], filter: string): readonly string[] =>
  names.filter((name) => name.toLowerCase().includes(filter.toLowerCase()));

/** The databases that fit the filter. */
export function databasesOf(context: ViewContext): readonly string[] {
  return named(context.get(DATA).databases ?? [], context.filter);
}

/** The tables that fit the filter. */
export function tablesOf(context: ViewContext): readonly TableSummary[] {
  const tables = context.get(DATA).tables ?? [];
  const names = new Set(
    named(
      tables.map(({ name }) => name),
      context.filter,
    ),
  );
  return tables.filter(({ name }) => names.has(name));
}

const MODELS = { databases: "databasesTable", tables: "tablesTable", rows: "grid" } as const;

function extentOf(context: ViewContext): TableExtent {
  const { page } = context.get(DATA);
  const height = context.area.rows - DATA_FRAME;
  switch (at(context)) {
    case "databases":
      return { count: databasesOf(context).length, visible: height - 1 };
    case "tables":
      return { count: tablesOf(context).length, visible: height - 1 };
    case "rows":
      return { count: page?.rows.cells.length ?? 0, visible: height - GRID_HEADING };
    default:
      return { count: 0, visible: 1 };
  }
}

/** The table of the present level, with its cursor among its rows. */
export function modelOf(context: ViewContext): TableModel {
  return settled(context.get(DATA)[MODELS[at(context)]], extentOf(context));
}

function chosenName(context: ViewContext): string | undefined {
  const { cursor } = modelOf(context);
  return at(context) === "databases" ? databasesOf(context)[cursor] : tablesOf(context)[cursor]?.name;
}

function chosenRow(context: ViewContext): ChosenRow | null {
  const { page, description } = context.get(DATA);
  const row = page?.rows.values[modelOf(context).cursor];
  if (!page || !description || !row) return null;
  const entries = page.rows.columns.map(({ name }, index) => [name, row[index] ?? null] as const);
  return { description, values: Object.fromEntries(entries) };
}

/** Goes elsewhere, and asks for what is there. */
function go(context: ViewContext, change: (now: DataState) => DataState): void {
  context.update(DATA, change);
  context.run(askRequest(context.get(DATA)));
}

/** Asks for other rows of the same table. */
function askOther(context: ViewContext, change: Partial<state.RowsAsk>): void {
  const now = context.get(DATA);
  context.run(askRequest(now, state.askedFor(now.ask, change)));
}

function enter(context: ViewContext): void {
  const { page } = context.get(DATA);
  if (isRows(context)) {
    const index = modelOf(context).cursor;
    const text = page ? rowText(page.rows, index) : "";
    if (text !== "")
      context.open({ kind: "text", title: `row ${(page?.offset ?? 0) + index + 1}`, text, scroll: 0 });
    return;
  }
  const name = chosenName(context);
  if (name === undefined) return;
  const isDatabase = at(context) === "databases";
  context.ui({ kind: "filter", view: "data", text: "" });
  go(context, (now) => (isDatabase ? state.enterDatabase(now, name) : state.enterTable(now, name)));
}

function turn(context: ViewContext, by: number): void {
  const { page } = context.get(DATA);
  if (!page) return;
  if (by > 0 && !page.hasMore) context.say("That is the last page.", "notice");
  else if (by < 0 && page.offset === 0) context.say("That is the first page.", "notice");
  else askOther(context, { offset: Math.max(0, page.offset + by * PAGE_ROWS) });
}

function move(context: ViewContext, by: number): void {
  const { page } = context.get(DATA);
  if (!page) return;
  const place = { widths: page.rows.widths, width: widthsOf(context.area.columns).rows };
  context.update(DATA, (now) => ({ ...now, grid: moveColumn(now.grid, by, place) }));
}

function sort(context: ViewContext): void {
  const { page, grid, ask: asked } = context.get(DATA);
  const column = page?.rows.columns[grid.column];
  if (column) askOther(context, { order: state.nextOrder(asked.order, column.name) });
}

/** Opens what needs a row that can be named, or says why there is none. */
function withRow(context: ViewContext, open: (row: ChosenRow) => void): void {
  const row = chosenRow(context);
  const fault = row && keyFault(row.description);
  if (fault) context.say(`! ${fault}`, "notice");
  else if (row) open(row);
  else context.say("There is no row here.", "notice");
}

function drop(context: ViewContext): void {
  const name = chosenName(context);
  const { database } = context.get(DATA);
  if (name === undefined) return;
  context.open(dropDialog(database === null ? { database: name, table: null } : { database, table: name }));
}

const rows = (binding: Omit<KeyBinding<ViewContext>, "isAvailable">): KeyBinding<ViewContext> => ({
  ...binding,
  isAvailable: isRows,
});

/** All keys of the view. */
export const DATA_KEYS: readonly KeyBinding<ViewContext>[] = [
  { keys: ["Enter"], does: "open; on a row: all of it", brief: "open", run: enter },
  {
    keys: ["Esc", "Backspace"],
    does: "up",
    brief: "up",
    isAvailable: (context) => context.get(DATA).database !== null && context.filter === "",
    run: (context) => go(context, state.goUp),
  },
  rows({
    keys: ["/"],
    does: "filter the rows",
    brief: "where",
    run: (context) => context.open(whereForm(context)),
  }),
  rows({ keys: ["s"], does: "sort by the chosen column: up, down, not", brief: "sort", run: sort }),
  rows({ keys: ["n", "]"], does: "next page", brief: "next", run: (context) => turn(context, 1) }),
  rows({ keys: ["p", "["], does: "page before", brief: "previous", run: (context) => turn(context, -1) }),
  rows({
    keys: ["i"],
    does: "insert a row",
    brief: "insert",
    isWriting: true,
    run: (context) => {
      const { description } = context.get(DATA);
      if (description) context.open(insertRowForm(description));
    },
  }),
  rows({
    keys: ["e"],
    does: "edit the chosen row",
    brief: "edit",
    isWriting: true,
    run: (context) => withRow(context, (row) => context.open(editRowForm(row))),
  }),
  rows({
    keys: ["d"],
    does: "delete the chosen row",
    brief: "delete",
    isWriting: true,
    run: (context) => withRow(context, (row) => context.open(deleteRowDialog(row))),
  }),
  rows({ keys: ["Left", "h"], does: "column before", run: (context) => move(context, -1) }),
  rows({ keys: ["Right", "l"], does: "next column", run: (context) => move(context, 1) }),
  rows({
    keys: ["D"],
    does: "how the table is defined",
    run: (context) => {
      const { description } = context.get(DATA);
      if (description)
        context.open({
          kind: "text",
          title: description.table,
          text: description.createStatement,
          scroll: 0,
        });
    },
  }),
  {
    keys: ["c"],
    does: "create a database, or a table in the open one",
    brief: "create",
    isWriting: true,
    isAvailable: (context) => !isRows(context),
    run: (context) => context.open(createPlaceForm(context.get(DATA))),
  },
  {
    keys: ["x"],
    does: "drop the chosen database or table",
    brief: "drop",
    isWriting: true,
    isAvailable: (context) => !isRows(context),
    run: drop,
  },
  ...tableBindings<ViewContext>({
    get: modelOf,
    set: (context, { cursor, offset, sort: order }) =>
      context.update(DATA, (now) => {
        const key = MODELS[levelOf(now)];
        return { ...now, [key]: { ...now[key], cursor, offset, sort: order } };
      }),
    extent: extentOf,
  }),
];
