import { GLOBAL_KEYS } from "../keys/global-keys.ts";
import { runBinding } from "../keys/key-binding.ts";
import type { KeyPress } from "../keys/key-press.ts";
import { pasteIntoOverlay, pressOverlay } from "../overlays/press-overlay.ts";
import { viewOf } from "../views/all-views.ts";
import type { ViewContext } from "./view-context.ts";

/** Gives a key to the first that wants it: Ctrl-C leaves, then the overlay on top, the view's text field, its table, the global one. */
export function dispatchKey(press: KeyPress, context: ViewContext): void {
  if (press.name === "Ctrl-c") {
    context.services.leave();
    return;
  }
  const { ui } = context.state;
  const top = ui.overlays.at(-1);
  if (top) {
    pressOverlay(top, press, context);
    return;
  }
  const view = viewOf(ui.view);
  if (view.text?.isActive(context) === true && view.text.press(context, press)) return;
  if (runBinding(view.keys, press, context)) return;
  runBinding(GLOBAL_KEYS, press, context);
}

/** Gives pasted text to the overlay on top or the view's text field; where neither is, nothing happens: a paste is never keys. */
export function dispatchPaste(text: string, context: ViewContext): void {
  const { ui } = context.state;
  const top = ui.overlays.at(-1);
  if (top) {
    pasteIntoOverlay(top, text, context);
    return;
  }
  const { text: field } = viewOf(ui.view);
  if (field?.isActive(context) === true) field.paste(context, text);
}
