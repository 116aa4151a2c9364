import type { TableDescription, TablesAnswer } from "@understudy/protocol";
import type { Slot } from "../../state/slot.ts";
import { GRID_START, type GridModel, type GridRows } from "../../widgets/grid-model.ts";
import { TABLE_START, type TableModel } from "../../widgets/table-model.ts";

/** A table as its database lists it. */
export type TableSummary = TablesAnswer["tables"][number];

/** Which rows are asked for. */
export interface RowsAsk {
  /** As it was typed; empty for all. */
  readonly where: string;
  readonly order: { readonly column: string; readonly isDescending: boolean } | null;
  readonly offset: number;
}

/** A page of rows, and whose they are. */
export interface RowsPage {
  readonly rows: GridRows;
  readonly offset: number;
  /** False on the last page. */
  readonly hasMore: boolean;
  readonly node: string;
  readonly role: "master" | "slave";
  readonly position: string;
  readonly lagMs: number | null;
  readonly timeMs: number;
}

/** Where a person is among databases, tables and rows. What is null was not answered yet. */
export interface DataState {
  readonly database: string | null;
  readonly table: string | null;
  readonly databases: readonly string[] | null;
  readonly databasesTable: TableModel;
  readonly tables: readonly TableSummary[] | null;
  readonly tablesTable: TableModel;
  readonly description: TableDescription | null;
  readonly ask: RowsAsk;
  /** Position of the latest write made here, which is to be seen in what is read; null for none. */
  readonly after: string | null;
  readonly page: RowsPage | null;
  readonly grid: GridModel;
}

const ASK_START: RowsAsk = { where: "", order: null, offset: 0 };
const TABLE_LEFT = { table: null, description: null, ask: ASK_START, page: null, grid: GRID_START } as const;

/** @see DataState */
export const DATA: Slot<DataState> = {
  id: "data.state",
  initial: {
    database: null,
    databases: null,
    databasesTable: TABLE_START,
    tables: null,
    tablesTable: TABLE_START,
    after: null,
    ...TABLE_LEFT,
  },
};

/** How deep a person is. */
export type DataLevel = "databases" | "tables" | "rows";

/** @see DataLevel */
export function levelOf(state: DataState): DataLevel {
  if (state.database === null) return "databases";
  return state.table === null ? "tables" : "rows";
}

/** One step down into a database. */
export function enterDatabase(state: DataState, database: string): DataState {
  return { ...state, ...TABLE_LEFT, database, tables: null, tablesTable: TABLE_START };
}

/** One step down into a table. */
export function enterTable(state: DataState, table: string): DataState {
  return { ...state, ...TABLE_LEFT, table };
}

/** One step up; the list stands where it was left. */
export function goUp(state: DataState): DataState {
  if (state.table !== null) return { ...state, ...TABLE_LEFT };
  return { ...state, ...TABLE_LEFT, database: null, tables: null };
}

/** A question for other rows. Another filter or order begins at the first page. */
export function askedFor(ask: RowsAsk, change: Partial<RowsAsk>): RowsAsk {
  const isOther = change.where !== undefined || change.order !== undefined;
  return { ...ask, ...(isOther ? { offset: 0 } : {}), ...change };
}

/** The order after `column` was chosen once more: upwards, downwards, none. */
export function nextOrder(order: RowsAsk["order"], column: string): RowsAsk["order"] {
  if (order?.column !== column) return { column, isDescending: false };
  return order.isDescending ? null : { column, isDescending: true };
}

/**
 * Puts rows in, with the question that they answer; unless the person has gone elsewhere, or had another answer, since it was asked in
 * `from`. Another page begins at its first row.
 */
export function gotRows(
  state: DataState,
  from: DataState,
  got: { readonly ask: RowsAsk; readonly page: RowsPage; readonly description: TableDescription },
): DataState {
  if (state.database !== from.database || state.table !== from.table || state.ask !== from.ask) return state;
  const isSame = state.ask === got.ask;
  const grid = isSame ? state.grid : { ...state.grid, cursor: 0, offset: 0 };
  return { ...state, ...got, grid };
}
