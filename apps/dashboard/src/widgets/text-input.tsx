import type { ReactNode } from "react";
import { TonedText } from "../theme/toned-text.tsx";
import { cellsOf, printable } from "./text-cells.ts";
import { cursorPlace, type TextEditor } from "./text-editor.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Where the next character goes. A character of its own, so that it is seen on every terminal. */
const CURSOR = "▏";

/** A line of an editor in at most `width` cells, with the cursor in sight where it has the focus. */
export function TextInput({
  editor,
  width,
  isFocused,
}: {
  readonly editor: TextEditor;
  readonly width: number;
  readonly isFocused: boolean;
}): ReactNode {
  return <TonedText>{lineInSight(editor.text, isFocused ? editor.cursor : null, width)}</TonedText>;
}

/** An editor of several lines, scrolled so that the cursor is in sight. Lines are numbered. */
export function TextArea({
  editor,
  width,
  height,
  isFocused,
}: {
  readonly editor: TextEditor;
  readonly width: number;
  readonly height: number;
  readonly isFocused: boolean;
}): ReactNode {
  const lines = editor.text.split("\n");
  const place = cursorPlace(editor);
  const from = Math.max(0, Math.min(place.line - height + 1, lines.length - height));
  const digits = String(lines.length).length;
  return lines.slice(from, from + height).map((line, index) => {
    const number = from + index;
    const cursor = isFocused && number === place.line ? place.column : null;
    return (
      <TonedText key={number}>
        <TonedText tone="quiet">{`${String(number + 1).padStart(digits)} `}</TonedText>
        {lineInSight(line, cursor, width - digits - 1) || " "}
      </TonedText>
    );
  });
}

/** The part of a line around the cursor; from its beginning where all of it fits. */
function lineInSight(line: string, cursor: number | null, width: number): string {
  if (cursor === null) return printable(line);
  const head = printable(line.slice(0, cursor));
  const tail = printable(line.slice(cursor));
  const room = Math.max(1, width - 1);
  if (cellsOf(head) <= room) return head + CURSOR + tail;
  let cut = head;
  while (cellsOf(cut) > room - 1) cut = cut.slice([...graphemes.segment(cut)][0]?.segment.length ?? 1);
  return `…${cut}${CURSOR}${tail}`;
}
