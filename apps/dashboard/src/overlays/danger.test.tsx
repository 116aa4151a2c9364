import { renderToString } from "ink";
import { expect, test } from "vitest";
import { contextOf } from "../../test/recorded-context.ts";
import { dispatchKey, dispatchPaste } from "../app/dispatch-key.ts";
import type { ViewContext } from "../app/view-context.ts";
import type { RunRequest } from "../live/action-runner.ts";
import { ThemeContext } from "../theme/toned-text.tsx";
import { textEditor } from "../widgets/text-editor.ts";
import { OverlayView } from "./overlay-view.tsx";

const REQUEST: RunRequest = { title: "removing node-b", call: async () => ({ said: "removed" }) };

/** A context with the dialog open, and what it has run. */
function dialogOf(sentences: readonly string[] = ["node-b is forgotten."], rows = 18) {
  const context = contextOf({ viewId: "overview", area: { columns: 60, rows } });
  const ran: RunRequest[] = [];
  Object.assign(context.services, { run: (request: RunRequest) => ran.push(request) });
  context.open({
    kind: "danger",
    title: "remove node-b",
    sentences,
    word: "node-b",
    editor: textEditor(),
    request: REQUEST,
  });
  const type = (text: string): void => {
    for (const one of text) dispatchKey({ name: one, text: one }, context);
  };
  const press = (name: string): void => dispatchKey({ name, text: "" }, context);
  return { context, ran, type, press };
}

function drawn(context: ViewContext): string {
  const overlay = context.state.ui.overlays.at(-1)?.overlay;
  if (!overlay) return "";
  return renderToString(
    <ThemeContext.Provider value="none">
      <OverlayView overlay={overlay} context={context} />
    </ThemeContext.Provider>,
    { columns: context.area.columns },
  );
}

test("says what will be done, and what is to be typed", () => {
  const { context } = dialogOf();
  expect(drawn(context)).toMatch(/! remove node-b\b[^]*node-b is forgotten\.[^]*Type node-b and press Enter/);
});

test("nothing is done until the whole word is typed", () => {
  const { context, ran, type, press } = dialogOf();
  press("Enter");
  type("node-");
  press("Enter");
  expect(ran).toEqual([]);
  expect(context.state.ui.notice?.text).toBe("Nothing is done until node-b is typed.");
  expect(context.state.ui.overlays).toHaveLength(1);
  type("b");
  press("Enter");
  expect(ran).toEqual([REQUEST]);
  expect(context.state.ui.overlays).toEqual([]);
});

test("another node's name, or the same in capitals, is not its word", () => {
  const { ran, type, press } = dialogOf();
  type("NODE-B");
  press("Enter");
  press("Ctrl-u");
  type("node-c");
  press("Enter");
  expect(ran).toEqual([]);
});

test("Esc leaves it, whatever was typed", () => {
  const { context, ran, type, press } = dialogOf();
  type("node-b");
  press("Esc");
  expect([ran, context.state.ui.overlays]).toEqual([[], []]);
});

test("the word may be pasted; a line break in it does not send it", () => {
  const { context, ran, press } = dialogOf();
  dispatchPaste("node-b\n", context);
  expect(ran).toEqual([]);
  press("Enter");
  expect(ran).toEqual([REQUEST]);
});

test("sentences that don't fit scroll, and the field stays in sight", () => {
  const { context, press } = dialogOf(
    ["one two three four five six seven eight nine ".repeat(12), "the end."],
    10,
  );
  expect(drawn(context).split("\n")).toHaveLength(10);
  expect(drawn(context)).toMatch(/\(1–5 of \d+ lines, ↑↓\)[^]*Type node-b/);
  for (let line = 0; line < 20; line++) press("Down");
  expect(drawn(context)).toMatch(/the end\.[^]*Type node-b/);
});
