import type { Slot } from "../../state/slot.ts";
import { GRID_START, type GridModel, type GridRows } from "../../widgets/grid-model.ts";
import { textEditor, type TextEditor } from "../../widgets/text-editor.ts";

/** How fresh a query's data has to be; `own writes`: with all that was written here. */
export const CONSISTENCIES = ["local", "bounded", "strong", "own writes"] as const;
/** How many slaves must have a write. */
export const ACKS = ["default", "async", "1", "majority", "all"] as const;
/** Where queries run. Changes run on the master. */
export const PLACES = ["this node", "the master"] as const;

/** How statements are run. */
export interface SqlOptions {
  /** Empty for none. */
  readonly database: string;
  readonly consistency: (typeof CONSISTENCIES)[number];
  readonly maxLagMs: number;
  readonly place: (typeof PLACES)[number];
  readonly ack: (typeof ACKS)[number];
  readonly maxRows: number;
  readonly timeoutMs: number;
}

/** What became of the latest statement. */
export type SqlResult =
  | { readonly kind: "rows"; readonly rows: GridRows; readonly said: string }
  | { readonly kind: "changed"; readonly said: string; readonly warnings: readonly string[] }
  | { readonly kind: "failed"; readonly said: string };

/** The search in the history, while it lasts. */
export interface HistorySearch {
  readonly query: TextEditor;
  readonly cursor: number;
}

/** All of the view's state. */
export interface SqlState {
  readonly editor: TextEditor;
  readonly undone: readonly TextEditor[];
  readonly done: readonly TextEditor[];
  /** How far back in the history the editor's text is from; 0 for a text that is new. */
  readonly back: number;
  readonly search: HistorySearch | null;
  readonly options: SqlOptions;
  /** Of the latest write; null before the first. */
  readonly lastPosition: string | null;
  readonly result: SqlResult | null;
  readonly grid: GridModel;
}

const UNDO_MAX = 100;

/** @see SqlState */
export const SQL: Slot<SqlState> = {
  id: "sql.state",
  initial: {
    editor: textEditor(),
    undone: [],
    done: [],
    back: 0,
    search: null,
    options: {
      database: "",
      consistency: "local",
      maxLagMs: 1_000,
      place: "this node",
      ack: "default",
      maxRows: 1_000,
      timeoutMs: 30_000,
    },
    lastPosition: null,
    result: null,
    grid: GRID_START,
  },
};

/** The state with another text or cursor; what was there can be had back where the text has changed. */
export function edited(state: SqlState, editor: TextEditor): SqlState {
  if (editor.text === state.editor.text) return { ...state, editor };
  return { ...state, editor, done: [...state.done, state.editor].slice(-UNDO_MAX), undone: [] };
}

/** The text before the latest change. */
export function undo(state: SqlState): SqlState {
  const before = state.done.at(-1);
  if (!before) return state;
  return { ...state, editor: before, done: state.done.slice(0, -1), undone: [...state.undone, state.editor] };
}

/** The text as it was before {@link undo}. */
export function redo(state: SqlState): SqlState {
  const after = state.undone.at(-1);
  if (!after) return state;
  return { ...state, editor: after, undone: state.undone.slice(0, -1), done: [...state.done, state.editor] };
}

/** A step to an older (1) or newer (-1) statement of the history; behind the newest is an empty text. */
export function recalled(state: SqlState, history: readonly string[], by: 1 | -1): SqlState {
  const back = Math.max(0, Math.min(history.length, state.back + by));
  if (back === state.back) return state;
  return { ...edited(state, textEditor(back === 0 ? "" : (history.at(-back) ?? ""))), back };
}

/** The statements that hold all words of the search, the newest first, each once. */
export function found(history: readonly string[], query: string): readonly string[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const fitting = history.filter((one) => words.every((word) => one.toLowerCase().includes(word)));
  return [...new Set(fitting.toReversed())];
}

/** Puts the result of a statement in. */
export function gotResult(state: SqlState, result: SqlResult): SqlState {
  return { ...state, result, grid: GRID_START };
}
