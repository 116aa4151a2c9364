import type { ViewContext } from "../app/view-context.ts";
import type { KeyPress } from "../keys/key-press.ts";
import type { OpenOverlay, Overlay } from "../state/overlay.ts";
import { pasteIntoForm, pressForm } from "../widgets/form-model.ts";
import { moveTable } from "../widgets/table-model.ts";
import { editText, insertText } from "../widgets/text-editor.ts";
import { viewOf } from "../views/all-views.ts";
import { paletteEntries } from "./palette-entries.ts";

type Of<K extends Overlay["kind"]> = Extract<Overlay, { readonly kind: K }>;

/** Beside these, keys are text of the word. */
const DANGER_SCROLLS: ReadonlySet<string> = new Set(["Up", "Down", "PageUp", "PageDown"]);

/** Gives a key to the overlay that lies on top. It takes every key. */
export function pressOverlay({ id, overlay }: OpenOverlay, press: KeyPress, context: ViewContext): void {
  const close = (): void => context.ui({ kind: "close", id });
  const change = (next: Overlay): void => context.ui({ kind: "change", id, overlay: next });
  switch (overlay.kind) {
    case "help":
    case "text":
      if (["Esc", "q", "?", "Enter"].includes(press.name)) close();
      else change({ ...overlay, scroll: Math.max(0, overlay.scroll + scrollOf(press, context)) });
      break;
    case "palette":
      pressPalette(overlay, press, { context, close, change });
      break;
    case "filter":
      pressFilter(overlay, press, { context, close, change });
      break;
    case "form":
      pressFormOverlay(overlay, press, { context, close, change });
      break;
    case "danger":
      if (press.name === "Esc") close();
      else if (DANGER_SCROLLS.has(press.name)) {
        change({ ...overlay, scroll: Math.max(0, (overlay.scroll ?? 0) + scrollOf(press, context)) });
      } else if (press.name !== "Enter")
        change({ ...overlay, editor: editText(overlay.editor, press) ?? overlay.editor });
      else if (overlay.editor.text.trim() === overlay.word) {
        close();
        context.run(overlay.request);
      } else context.say(`Nothing is done until ${overlay.word} is typed.`, "notice");
      break;
    case "result": {
      if (["Esc", "q", "Enter"].includes(press.name)) {
        close();
        break;
      }
      const extent = { count: overlay.rows.length, visible: context.area.rows - 2 };
      const table = moveTable(overlay.table, press.name, extent);
      if (table) change({ ...overlay, table });
      break;
    }
    default:
      overlay satisfies never;
  }
}

/** Gives pasted text to the overlay that lies on top; those without a field let it go. */
export function pasteIntoOverlay({ id, overlay }: OpenOverlay, text: string, context: ViewContext): void {
  const change = (next: Overlay): void => context.ui({ kind: "change", id, overlay: next });
  switch (overlay.kind) {
    case "form":
      change({ ...overlay, form: pasteIntoForm(overlay.form, text) });
      break;
    case "palette":
    case "danger":
      change({ ...overlay, editor: insertText(overlay.editor, text) });
      break;
    case "filter": {
      const editor = insertText(overlay.editor, text);
      change({ ...overlay, editor });
      context.ui({ kind: "filter", view: overlay.viewId, text: editor.text });
      break;
    }
    case "help":
    case "text":
    case "result":
      break;
    default:
      overlay satisfies never;
  }
}

interface Doing {
  readonly context: ViewContext;
  readonly close: () => void;
  readonly change: (next: Overlay) => void;
}

function scrollOf(press: KeyPress, context: ViewContext): number {
  const page = Math.max(1, context.area.rows - 2);
  const steps: Readonly<Record<string, number>> = {
    Up: -1,
    k: -1,
    Down: 1,
    j: 1,
    PageUp: -page,
    PageDown: page,
  };
  return steps[press.name] ?? 0;
}

function pressPalette(overlay: Of<"palette">, press: KeyPress, doing: Doing): void {
  const { context } = doing;
  const entries = paletteEntries(overlay.editor.text, context);
  const last = Math.max(0, entries.length - 1);
  switch (press.name) {
    case "Esc":
      doing.close();
      break;
    case "Enter": {
      const chosen = entries[Math.min(overlay.cursor, last)];
      doing.close();
      if (chosen) chosen.run(context);
      else context.say(`There is no view or action like "${overlay.editor.text}".`, "notice");
      break;
    }
    case "Up":
      doing.change({ ...overlay, cursor: Math.max(0, overlay.cursor - 1) });
      break;
    case "Down":
    case "Tab":
      doing.change({ ...overlay, cursor: Math.min(last, overlay.cursor + 1) });
      break;
    default: {
      const editor = editText(overlay.editor, press);
      if (editor) doing.change({ ...overlay, editor, cursor: 0 });
    }
  }
}

function pressFilter(overlay: Of<"filter">, press: KeyPress, doing: Doing): void {
  const { context } = doing;
  const narrow = (text: string): void => context.ui({ kind: "filter", view: overlay.viewId, text });
  if (press.name === "Enter") doing.close();
  else if (press.name === "Esc") {
    narrow("");
    doing.close();
  } else {
    const editor = editText(overlay.editor, press);
    if (!editor) return;
    doing.change({ ...overlay, editor });
    narrow(editor.text);
  }
}

function pressFormOverlay(overlay: Of<"form">, press: KeyPress, doing: Doing): void {
  const { context } = doing;
  const outcome = pressForm(overlay.form, press);
  if (outcome.kind === "cancelled") doing.close();
  else if (outcome.kind === "editing") doing.change({ ...overlay, form: outcome.form });
  else {
    const submission = overlay.submit(outcome.values, context);
    switch (submission.kind) {
      case "done":
        doing.close();
        break;
      case "wrong":
        doing.change({ ...overlay, form: { ...outcome.form, error: submission.sentence } });
        break;
      case "run": {
        const { view } = context.state.ui;
        doing.close();
        context.services.run(submission.request, (sentence) => {
          // What was typed comes back for another try, unless something else is being typed by now.
          const { ui } = context.state;
          const isFree =
            ui.overlays.length === 0 && ui.view === view && viewOf(view).text?.isActive(context) !== true;
          if (isFree) context.open({ ...overlay, form: { ...outcome.form, error: sentence } });
        });
        break;
      }
      default:
        submission satisfies never;
    }
  }
}
