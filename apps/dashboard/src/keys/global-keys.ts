import type { ViewContext } from "../app/view-context.ts";
import { THEME_NAMES } from "../theme/theme.ts";
import { ALL_VIEWS, viewOf } from "../views/all-views.ts";
import { textEditor } from "../widgets/text-editor.ts";
import type { KeyBinding } from "./key-binding.ts";

/** Keys that count in every view, after the view's own. */
export const GLOBAL_KEYS: readonly KeyBinding<ViewContext>[] = [
  { keys: ["?"], does: "help", brief: "help", run: (context) => context.open({ kind: "help", scroll: 0 }) },
  {
    keys: [":"],
    does: "find a view or an action by name",
    brief: "find",
    run: (context) => context.open({ kind: "palette", editor: textEditor(), cursor: 0 }),
  },
  { keys: ["m", "0"], does: "menu", brief: "menu", run: (context) => context.show("menu") },
  ...ALL_VIEWS.filter((view) => view.id !== "menu").map((view) => ({
    keys: [view.digit],
    does: view.title,
    run: (context: ViewContext) => context.show(view.id),
  })),
  {
    keys: ["/"],
    does: "filter",
    brief: "filter",
    isAvailable: (context) => viewOf(context.state.ui.view).hasFilter === true,
    run: (context) =>
      context.open({ kind: "filter", viewId: context.state.ui.view, editor: textEditor(context.filter) }),
  },
  {
    keys: ["Tab"],
    does: "next pane",
    brief: "pane",
    isAvailable: hasPanes,
    run: (context) => movePane(context, 1),
  },
  {
    keys: ["Shift-Tab"],
    does: "pane before",
    isAvailable: hasPanes,
    run: (context) => movePane(context, -1),
  },
  { keys: ["r"], does: "ask at once", run: (context) => context.services.refresh() },
  { keys: ["t"], does: "next theme", run: nextTheme },
  {
    keys: ["Ctrl-x"],
    does: "cancel what is under way",
    isAvailable: (context) => context.state.ui.runs.length > 0,
    run: (context) => context.services.cancelRuns(),
  },
  { keys: ["Esc"], does: "back", run: goBack },
  { keys: ["q", "Ctrl-c"], does: "leave", brief: "leave", run: (context) => context.services.leave() },
];

/** Esc: away with the filter, then back to the view before. */
function goBack(context: ViewContext): void {
  const { view } = context.state.ui;
  if (context.filter === "") context.ui({ kind: "back" });
  else context.ui({ kind: "filter", view, text: "" });
}

function hasPanes(context: ViewContext): boolean {
  return (viewOf(context.state.ui.view).panes?.length ?? 1) > 1;
}

function movePane(context: ViewContext, by: number): void {
  const { view } = context.state.ui;
  const count = viewOf(view).panes?.length ?? 1;
  context.ui({ kind: "pane", view, pane: (context.pane + by + count) % count });
}

function nextTheme(context: ViewContext): void {
  const now = THEME_NAMES.findIndex((name) => name === context.state.ui.theme);
  const theme = THEME_NAMES[(now + 1) % THEME_NAMES.length] ?? "dark";
  context.ui({ kind: "theme", theme });
  context.services.settings.write({ theme });
  context.say(
    `theme ${theme}${context.services.isColourless === true ? ", without colours since NO_COLOR is set" : ""}`,
  );
}
