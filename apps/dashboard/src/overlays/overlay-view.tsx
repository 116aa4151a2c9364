import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../app/view-context.ts";
import { GLOBAL_KEYS } from "../keys/global-keys.ts";
import { availableBindings, keysInWords } from "../keys/key-binding.ts";
import type { Overlay } from "../state/overlay.ts";
import { TonedText } from "../theme/toned-text.tsx";
import { viewOf } from "../views/all-views.ts";
import { Dialog } from "../widgets/dialog.tsx";
import { Form } from "../widgets/form.tsx";
import { Table } from "../widgets/table.tsx";
import { cellsOf, cutTo, fit, wrapped } from "../widgets/text-cells.ts";
import { TextInput } from "../widgets/text-input.tsx";
import { paletteEntries } from "./palette-entries.ts";

/** The frame, the title, what is to be typed, and where. */
const DANGER_FRAME_ROWS = 5;

interface OverlayProps<O> {
  readonly overlay: O;
  readonly context: ViewContext;
}

/** An overlay in place of the view. The filter is none: its line is the notice line. */
export function OverlayView({ overlay, context }: OverlayProps<Overlay>): ReactNode {
  const { columns, rows } = context.area;
  switch (overlay.kind) {
    case "help":
      return <Lines title="keys" lines={helpLines(context)} scroll={overlay.scroll} context={context} />;
    case "text":
      return (
        <Lines
          title={overlay.title}
          lines={wrapped(overlay.text, columns)}
          scroll={overlay.scroll}
          context={context}
        />
      );
    case "palette":
      return <Palette overlay={overlay} context={context} />;
    case "form":
      return (
        <Dialog title={overlay.title} width={columns}>
          <Form form={overlay.form} width={columns - 4} height={rows - 4} />
          <TonedText tone="quiet">Enter next, on the last field send · Ctrl-S send · Esc cancel</TonedText>
        </Dialog>
      );
    case "danger":
      return <Danger overlay={overlay} context={context} />;
    case "result":
      return (
        <Box flexDirection="column">
          <TonedText isTitle tone="accent">{`${overlay.title} · Esc closes`}</TonedText>
          <Table
            columns={overlay.columns.map((title, index) => ({
              title,
              width: widthOf(overlay, index, columns),
              text: (row: readonly string[]) => row[index] ?? "",
            }))}
            rows={overlay.rows}
            model={overlay.table}
            width={columns}
            height={rows - 1}
            empty={overlay.empty}
          />
        </Box>
      );
    case "filter":
      return null;
    default:
      return overlay satisfies never;
  }
}

function Danger({ overlay, context }: OverlayProps<Extract<Overlay, { kind: "danger" }>>): ReactNode {
  const { columns, rows } = context.area;
  const lines = overlay.sentences.flatMap((sentence) => wrapped(sentence, columns - 4));
  const visible = Math.max(1, rows - DANGER_FRAME_ROWS);
  const from = Math.max(0, Math.min(overlay.scroll ?? 0, lines.length - visible));
  const to = Math.min(lines.length, from + visible);
  const range = to - from < lines.length ? ` (${from + 1}–${to} of ${lines.length} lines, ↑↓)` : "";
  return (
    <Dialog title={`! ${overlay.title}${range}`} tone="bad" width={columns}>
      {lines.slice(from, to).map((line, index) => (
        <TonedText key={from + index}>{line || " "}</TonedText>
      ))}
      <TonedText tone="notice">{`Type ${overlay.word} and press Enter to do it, Esc to leave it.`}</TonedText>
      <TextInput editor={overlay.editor} width={columns - 4} isFocused />
    </Dialog>
  );
}

/** As wide as its widest cell in the first rows, at most a fair share; the last column takes the rest. */
function widthOf(
  overlay: Extract<Overlay, { kind: "result" }>,
  index: number,
  columns: number,
): number | null {
  if (index === overlay.columns.length - 1) return null;
  const cells = [overlay.columns[index] ?? "", ...overlay.rows.slice(0, 100).map((row) => row[index] ?? "")];
  const fair = Math.max(8, Math.floor(columns / Math.min(3, overlay.columns.length)));
  return Math.min(fair, Math.max(4, ...cells.map((cell) => cellsOf(cell)))) + (index === 0 ? 2 : 0);
}

interface LinesProps {
  readonly title: string;
  readonly lines: readonly string[];
  readonly scroll: number;
  readonly context: ViewContext;
}

function Lines({ title, lines, scroll, context }: LinesProps): ReactNode {
  const visible = Math.max(1, context.area.rows - 1);
  const from = Math.max(0, Math.min(scroll, lines.length - visible));
  const to = Math.min(lines.length, from + visible);
  const range = to - from < lines.length ? ` ${from + 1}–${to} of ${lines.length}, ↑↓ scroll` : "";
  return (
    <Box flexDirection="column">
      <TonedText isTitle tone="accent">{`${title}${range} · Esc closes`}</TonedText>
      {lines.slice(from, to).map((line, index) => (
        <TonedText key={from + index}>{line || " "}</TonedText>
      ))}
    </Box>
  );
}

/** The key tables of the present view and of everywhere, in words. */
function helpLines(context: ViewContext): string[] {
  const view = viewOf(context.state.ui.view);
  const line = (binding: { readonly keys: readonly string[]; readonly does: string }): string =>
    `${fit(keysInWords(binding), 18)} ${binding.does}`;
  return [
    `${view.title}: ${view.purpose}`,
    ...availableBindings(view.keys, context).map(line),
    "",
    "everywhere (on the menu, 1 to 9 are its entries)",
    ...availableBindings(GLOBAL_KEYS, context).map(line),
    "",
    "in text fields every key is text; Ctrl-A, Ctrl-E, Ctrl-W, Ctrl-U, Ctrl-K edit as in a shell",
  ];
}

function Palette({ overlay, context }: OverlayProps<Extract<Overlay, { kind: "palette" }>>): ReactNode {
  const { columns, rows } = context.area;
  const entries = paletteEntries(overlay.editor.text, context);
  const visible = Math.max(1, rows - 1);
  const from = Math.max(0, overlay.cursor - visible + 1);
  return (
    <Box flexDirection="column">
      <Box height={1}>
        <TonedText tone="accent">: </TonedText>
        <TextInput editor={overlay.editor} width={columns - 2} isFocused />
      </Box>
      {entries.slice(from, from + visible).map((entry, index) => {
        const isChosen = from + index === overlay.cursor;
        const text = `${isChosen ? "▸ " : "  "}${fit(entry.label, 34)} ${cutTo(entry.note, columns - 38)}`;
        return (
          <TonedText key={`${entry.label} ${entry.note}`} tone={isChosen ? "selected" : "plain"}>
            {text}
          </TonedText>
        );
      })}
      {entries.length === 0 ? <TonedText tone="quiet"> nothing of that name</TonedText> : null}
    </Box>
  );
}
