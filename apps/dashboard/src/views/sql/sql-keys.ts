import type { ViewContext } from "../../app/view-context.ts";
import type { KeyBinding } from "../../keys/key-binding.ts";
import type { KeyPress } from "../../keys/key-press.ts";
import { tableBindings } from "../../keys/table-bindings.ts";
import { GRID_HEADING } from "../../widgets/grid.tsx";
import { moveColumn } from "../../widgets/grid-model.ts";
import { rowText } from "../../widgets/row-text.ts";
import { settled } from "../../widgets/table-model.ts";
import { cursorPlace, editText, insertText, textEditor } from "../../widgets/text-editor.ts";
import { optionsForm } from "./options-form.ts";
import { runStatement } from "./run-statement.ts";
import { edited, found, recalled, redo, SQL, undo, type SqlState } from "./sql-state.ts";

const EDITOR_MIN = 3;

/** Lines of the editor, and of the result below; one more each tells how it runs and who answered. */
export function heightsOf(context: ViewContext): { readonly editor: number; readonly result: number } {
  const lines = context.get(SQL).editor.text.split("\n").length;
  const most = Math.max(EDITOR_MIN, Math.floor(context.area.rows / 3));
  const editor = Math.max(EDITOR_MIN, Math.min(most, lines));
  return { editor, result: Math.max(1, context.area.rows - editor - 2) };
}

/** The statements that the search in the history finds. */
export function matchesOf(context: ViewContext): readonly string[] {
  const { search } = context.get(SQL);
  return search ? found(context.services.settings.history(), search.query.text) : [];
}

/** True while the editor, or the search above it, takes what is typed. */
export function isWriting(context: ViewContext): boolean {
  return context.pane === 0;
}

const change = (context: ViewContext, to: (state: SqlState) => SqlState): void => context.update(SQL, to);
const recall = (context: ViewContext, by: 1 | -1): void =>
  change(context, (state) => recalled(state, context.services.settings.history(), by));
const focus = (context: ViewContext, pane: number): void => context.ui({ kind: "pane", view: "sql", pane });

/** Gives a key to the search, else to the editor; false for the keys of {@link SQL_KEYS}. */
export function pressEditor(context: ViewContext, press: KeyPress): boolean {
  const state = context.get(SQL);
  if (state.search) return pressSearch(context, press);
  const { editor } = state;
  if (press.name === "Enter" && editor.cursor === editor.text.length && /;\s*$/.test(editor.text)) {
    runStatement(context);
    return true;
  }
  const { line } = cursorPlace(editor);
  if (press.name === "Up" && line === 0) recall(context, 1);
  else if (press.name === "Down" && line === editor.text.split("\n").length - 1) recall(context, -1);
  else {
    // In a shell Ctrl-D takes the next character away; here it runs.
    const next = press.name === "Ctrl-d" ? null : editText(editor, press, true);
    if (!next) return false;
    change(context, (now) => edited(now, next));
  }
  return true;
}

/** Pasted text goes where one is typing; line breaks in it never run anything. */
export function pasteIntoEditor(context: ViewContext, text: string): void {
  change(context, (state) => {
    const { search } = state;
    if (!search) return edited(state, insertText(state.editor, text, true));
    return { ...state, search: { query: insertText(search.query, text), cursor: 0 } };
  });
}

function pressSearch(context: ViewContext, press: KeyPress): boolean {
  const matches = matchesOf(context);
  change(context, (state) => {
    const { search } = state;
    if (!search) return state;
    const to = (cursor: number): SqlState => ({
      ...state,
      search: { ...search, cursor: Math.max(0, Math.min(matches.length - 1, cursor)) },
    });
    switch (press.name) {
      case "Esc":
        return { ...state, search: null };
      case "Enter":
        return { ...edited(state, textEditor(matches[search.cursor] ?? state.editor.text)), search: null };
      case "Down":
      case "Ctrl-r":
        return to(search.cursor + 1);
      case "Up":
        return to(search.cursor - 1);
      default: {
        const query = editText(search.query, press);
        return query ? { ...state, search: { query, cursor: 0 } } : state;
      }
    }
  });
  // Ctrl-X ends calls wherever one is.
  return press.name !== "Ctrl-x";
}

const gridCount = (context: ViewContext): number => {
  const { result } = context.get(SQL);
  return result?.kind === "rows" ? result.rows.cells.length : 0;
};

function move(context: ViewContext, by: number): void {
  const { result } = context.get(SQL);
  if (result?.kind !== "rows") return;
  const place = { widths: result.rows.widths, width: context.area.columns };
  change(context, (state) => ({ ...state, grid: moveColumn(state.grid, by, place) }));
}

function showDetail(context: ViewContext): void {
  const { result, grid } = context.get(SQL);
  if (!result) return;
  if (result.kind !== "rows") {
    const text = [result.said, ...(result.kind === "changed" ? result.warnings : [])].join("\n");
    context.open({ kind: "text", title: "answer", text, scroll: 0 });
    return;
  }
  const { cursor } = settled(grid, { count: gridCount(context), visible: 1 });
  const text = rowText(result.rows, cursor);
  if (text !== "") context.open({ kind: "text", title: `row ${cursor + 1}`, text, scroll: 0 });
}

const writing = (binding: Omit<KeyBinding<ViewContext>, "isAvailable">): KeyBinding<ViewContext> => ({
  ...binding,
  isAvailable: isWriting,
});
const reading = (binding: Omit<KeyBinding<ViewContext>, "isAvailable">): KeyBinding<ViewContext> => ({
  ...binding,
  isAvailable: (context) => !isWriting(context),
});

/** All keys of the view but those that edit. Enter behind a `;` runs as well. */
export const SQL_KEYS: readonly KeyBinding<ViewContext>[] = [
  writing({
    keys: ["Ctrl-d", "Alt-Enter"],
    does: "run (also Enter behind a ;)",
    brief: "Ctrl-D, or Enter after ; run",
    run: runStatement,
  }),
  writing({
    keys: ["Ctrl-o"],
    does: "how statements are run",
    brief: "options",
    run: (context) => context.open(optionsForm(context)),
  }),
  writing({
    keys: ["Ctrl-r"],
    does: "search the history",
    brief: "history",
    run: (context) => change(context, (state) => ({ ...state, search: { query: textEditor(), cursor: 0 } })),
  }),
  writing({
    keys: ["Ctrl-p"],
    does: "the statement before (also ↑ on the first line)",
    run: (context) => recall(context, 1),
  }),
  writing({
    keys: ["Ctrl-n"],
    does: "the statement after (also ↓ on the last line)",
    run: (context) => recall(context, -1),
  }),
  writing({ keys: ["Ctrl-z"], does: "undo", run: (context) => change(context, undo) }),
  writing({ keys: ["Ctrl-y"], does: "redo", run: (context) => change(context, redo) }),
  writing({
    keys: ["Esc"],
    does: "leave the editor, for the result and all other keys",
    brief: "result",
    run: (context) => focus(context, 1),
  }),
  reading({ keys: ["i", "e"], does: "write", brief: "write", run: (context) => focus(context, 0) }),
  reading({
    keys: ["Enter"],
    does: "all of the chosen row, or of the answer",
    brief: "detail",
    run: showDetail,
  }),
  reading({
    keys: ["o"],
    does: "how statements are run",
    brief: "options",
    run: (context) => context.open(optionsForm(context)),
  }),
  reading({ keys: ["Left", "h"], does: "column before", run: (context) => move(context, -1) }),
  reading({ keys: ["Right", "l"], does: "next column", run: (context) => move(context, 1) }),
  ...tableBindings<ViewContext>({
    get: (context) => context.get(SQL).grid,
    set: (context, { cursor, offset }) =>
      change(context, (state) => ({ ...state, grid: { ...state.grid, cursor, offset } })),
    extent: (context) => ({
      count: gridCount(context),
      visible: Math.max(1, heightsOf(context).result - GRID_HEADING),
    }),
    isAvailable: (context) => !isWriting(context),
  }),
];
